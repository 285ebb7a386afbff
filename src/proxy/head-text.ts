// A head as text whose fields are asked for by name, as lines of the access log and formatted values do.

/** Fields of a message. */
export interface Fields {
  /** The value of the first line called `name` (lower case). */
  field(name: string): string | undefined
}

/** Fields of a head, which begins with a request or status line; CR LF after each line. */
export class HeadText implements Fields {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  field(name: string): string | undefined {
    const text = this.#text
    if (this !== indexed) index(this, text)
    for (let line = 0; line < lines; line++) {
      const start = starts[line] as number
      const colon = start + name.length
      if (text.charCodeAt(colon) !== 0x3a || !spellsName(text, start, name)) continue
      return valueIn(text, colon + 1, (starts[line + 1] as number) - 2)
    }
    return undefined
  }
}

/** A head that says nothing. */
export const NO_HEAD = new HeadText('')

// Where the lines behind the first begin in the head that was asked last: who asks, asks for several. An index in each head would be an
// array for each request (bench/functions.ts, lines of the access log).
let indexed: HeadText | undefined
let lines = 0
let starts = new Int32Array(256)

// Values hold no line ends: a line feed is the end of a line.
function index(head: HeadText, text: string): void {
  indexed = head
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (count + 1 === starts.length) starts = longer(starts)
    starts[count++] = at + 1
  }
  // Behind the end of the last one, whether its line end is there or not.
  starts[count] = text.length + 2
  lines = count
}

function longer(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(2 * array.length)
  twice.set(array)
  return twice
}

// Without the blanks around it. The other octets that JavaScript takes for white space may be parts of letters.
function valueIn(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

// Whether the text from `start` is `name`, letter case aside. It is as long.
function spellsName(text: string, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const have = text.charCodeAt(start + at)
    const want = name.charCodeAt(at)
    if (have !== want && (want < 0x61 || want > 0x7a || (have | 0x20) !== want)) return false
  }
  return true
}
