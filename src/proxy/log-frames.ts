// Lines of the access log on their way from a worker to the control process: frames of bytes, one behind the other, which a stream may cut
// anywhere. log-bytes.ts writes them.

/** A line, without its end, and whose it is: `namespace/pod`, '' for proxies that are no pod's. */
export type LogLine = readonly [pod: string, text: string]

/** A frame begins with the length of what follows its head (4 bytes, little-endian) and that of the pod's name (2 bytes); name and text follow. */
export const FRAME_HEAD = 6

/** Reads one stream. Owns the bytes of the frame that is not whole yet. */
export class LogFrames {
  #parts: Buffer[] = []
  #held = 0
  /** Bytes to hold before there is more to say. */
  #needed = FRAME_HEAD

  /** The lines that are whole with these bytes, in order. Text is read as UTF-8, as which it came. */
  read(bytes: Buffer): LogLine[] {
    this.#parts.push(bytes)
    this.#held += bytes.length
    if (this.#held < this.#needed) return []
    const all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts)
    const lines: LogLine[] = []
    let at = 0
    let end = frameEnd(all, at)
    for (; end <= all.length; end = frameEnd(all, at)) {
      const text = at + FRAME_HEAD + all.readUInt16LE(at + 4)
      lines.push([all.toString('utf8', at + FRAME_HEAD, text), all.toString('utf8', text, end)])
      at = end
    }
    this.#held = all.length - at
    this.#needed = end - at
    // A copy: the rest of a read is not kept for a few bytes of it.
    this.#parts = this.#held === 0 ? [] : [Buffer.from(all.subarray(at))]
    return lines
  }
}

/** Where the frame at `at` ends; as long as that is not known, where its head does. */
function frameEnd(bytes: Buffer, at: number): number {
  return at + FRAME_HEAD + (at + FRAME_HEAD <= bytes.length ? bytes.readUInt32LE(at) : 0)
}
