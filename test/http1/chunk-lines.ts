// The lines of a chunked body, found without judging them: what rules about differences in framing look at.

/** Lines of the framing, without their ends. */
export interface ChunkLines {
  readonly sizes: readonly string[]
  readonly extensions: readonly string[]
  readonly trailers: readonly string[]
}

/** Reads from the first chunk on, as far as the sizes lead. */
export function chunkLines(text: string): ChunkLines {
  const sizes: string[] = []
  const extensions: string[] = []
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n', at)
    const line = text.slice(at, end < 0 ? undefined : end)
    const digits = /^[0-9a-f]*/i.exec(line)?.[0] ?? ''
    sizes.push(digits)
    extensions.push(line.slice(digits.length))
    const size = Number.parseInt(digits, 16)
    if (end < 0 || Number.isNaN(size)) return { sizes, extensions, trailers: [] }
    if (size === 0) return { sizes, extensions, trailers: trailersOf(text.slice(end + 2)) }
    at = end + 2 + size + 2
  }
}

function trailersOf(text: string): string[] {
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n')
  const section = end < 0 ? text : text.slice(0, end)
  return section === '' ? [] : section.split('\r\n')
}
