// A head as text whose fields are asked for by name, as lines of the access log and formatted values do: where its lines begin is found once.

/** Fields of a head, which begins with a request or status line; CR LF after each line. */
export class HeadText {
  readonly #text: string
  // Where the lines behind the first begin; found by the first question.
  #starts: readonly number[] | undefined
  // What was asked already, and its answers: the lines of both sides of a request ask the same.
  readonly #names: string[] = []
  readonly #values: (string | undefined)[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** The value of the first line called `name` (lower case). */
  field(name: string): string | undefined {
    const at = this.#names.indexOf(name)
    if (at >= 0) return this.#values[at]
    const value = this.#find(name)
    this.#names.push(name)
    this.#values.push(value)
    return value
  }

  #find(name: string): string | undefined {
    const text = this.#text
    const starts = (this.#starts ??= startsOf(text))
    for (let index = 0; index < starts.length; index++) {
      const start = starts[index] as number
      const colon = start + name.length
      if (text.charCodeAt(colon) !== 0x3a || !spellsName(text, start, name)) continue
      const next = starts[index + 1]
      return valueIn(text, colon + 1, next === undefined ? text.length : next - 2)
    }
    return undefined
  }
}

/** A head that says nothing. */
export const NO_HEAD = new HeadText('')

// Values hold no line ends: a line feed is the end of a line.
function startsOf(text: string): readonly number[] {
  const starts: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
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
