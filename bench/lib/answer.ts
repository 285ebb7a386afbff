// Just enough of HTTP to tell where an answer ends: a status line, a Content-Length, and as many bytes.

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** Of head and body, in bytes. */
  readonly length: number
}

const LENGTH = /\r\ncontent-length: *(\d+)/i

/** The answer that the bytes begin with; undefined while it is not whole. Throws when it says no length. */
export function answerIn(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const said = LENGTH.exec(head)?.[1]
  if (said === undefined) throw new Error(`an answer without Content-Length: ${head}`)
  const length = end + 4 + Number(said)
  if (bytes.length < length) return undefined
  return { status: Number(head.slice(9, 12)), body: bytes.toString('latin1', end + 4, length), length }
}
