// What callers saw of changes between two versions: when the last request that the old one answered was sent, after the API had said yes.

/** Owns the times of all changes. A version is known by what its servers answer. */
export class Switches {
  /** Milliseconds of each change: from asking to the API's answer, from there to in force, and both. */
  readonly answers: number[] = []
  readonly effects: number[] = []
  readonly whole: number[] = []
  readonly #versionOf = new Map<string, string>()
  #to = ''
  #asked = Number.NaN
  #answered = Number.NaN
  /** When the last request was sent that another version than the new one answered. */
  #late = Number.NEGATIVE_INFINITY
  #first = Number.NaN
  #last = Number.NaN

  /** `bodies`: what the servers of each version answer. */
  constructor(bodies: Readonly<Record<string, readonly string[]>>) {
    for (const [version, texts] of Object.entries(bodies)) for (const text of texts) this.#versionOf.set(text, version)
  }

  /** Changes per second. */
  get rate(): number {
    return ((this.answers.length - 1) * 1000) / (this.#last - this.#first)
  }

  /** The next change, to a version. The one before is over. */
  asked(version: string, at: number): void {
    this.end()
    this.#first = Number.isNaN(this.#first) ? at : this.#first
    this.#last = at
    this.#to = version
    this.#asked = at
    this.#late = Number.NEGATIVE_INFINITY
  }

  /** The API has answered the change. */
  obeyed(at: number): void {
    this.#answered = at
  }

  /** A request was answered; `sent` is when it was sent. One sent before the change was asked for says nothing. */
  answered(sent: number, body: string): void {
    if (sent > this.#asked && sent > this.#late && this.#versionOf.get(body) !== this.#to) this.#late = sent
  }

  /** No more is to come of the last change. */
  end(): void {
    if (Number.isNaN(this.#answered)) return
    this.answers.push(this.#answered - this.#asked)
    this.effects.push(Math.max(0, this.#late - this.#answered))
    this.whole.push(Math.max(0, this.#late - this.#asked))
    this.#answered = Number.NaN
  }
}
