// Shows the demo as it goes on: drawn on a terminal, or printed in lines. Owns the chapter, what happened, and when it is shown; what the
// numbers are is asked each time.

import { type Clock, type Millis, wait } from '../std/clock.ts'
import { type DemoState, frame, type Happening, happeningText, type Line, statusLines, type Tone, type VersionRow } from './demo-view.ts'
import type { Trace } from '../gate/trace.ts'
import type { Screen } from './demo-screen.ts'

/** The numbers of a moment; rows count from `since`. */
export interface Numbers {
  readonly canary: string
  readonly rows: readonly VersionRow[]
  readonly trace: Trace | undefined
  readonly requests: number
  readonly lost: number
}

/** Where and with what it is shown: on `screen` where there is one, else through `print`. */
export interface ShowOptions {
  readonly clock: Clock
  readonly screen: Screen | undefined
  readonly print: (line: Line) => void
}

/** What goes with the end of the story. */
export interface Closing {
  readonly advice?: readonly Line[]
  readonly chart?: readonly Line[]
}

const FRAME_EVERY: Millis = 250
const STATUS_EVERY: Millis = 10_000
const HAPPENINGS_KEPT = 200

/** What is shown now. */
export class Show {
  readonly #options: ShowOptions
  readonly #started: Millis
  #numbers: ((since: Millis) => Numbers) | undefined
  #chapter = 'starting'
  #since: Millis
  #happenings: readonly Happening[] = []
  #summary: readonly Line[] = []
  #chart: readonly Line[] = []
  #advice: readonly Line[] = []

  constructor(options: ShowOptions) {
    this.#options = options
    this.#started = options.clock.now()
    this.#since = this.#started
  }

  /** From here on there are numbers to show. */
  count(numbers: (since: Millis) => Numbers): void {
    this.#numbers = numbers
  }

  /** Something begins; requests are counted from here. */
  begin(chapter: string): void {
    this.#chapter = chapter
    this.#since = this.#options.clock.now()
    this.tell(chapter, 'strong')
  }

  /** Something happened. */
  tell(text: string, tone: Tone = 'plain'): void {
    const happening: Happening = { at: this.#options.clock.now() - this.#started, text, tone }
    this.#happenings = [...this.#happenings, happening].slice(-HAPPENINGS_KEPT)
    if (this.#options.screen === undefined) this.#options.print({ text: happeningText(happening), tone })
  }

  /** The story is over: what came of it, what to do next, and the chart that is left behind. */
  close(chapter: string, summary: readonly Line[], { advice = [], chart = [] }: Closing = {}): void {
    this.#chapter = chapter
    this.#summary = summary
    this.#chart = chart
    this.#advice = advice
    if (this.#options.screen !== undefined) return
    const blank: Line = { text: '', tone: 'plain' }
    for (const line of [blank, ...chart, ...summary, ...(advice.length === 0 ? [] : [blank]), ...advice]) this.#options.print(line)
  }

  /** Gives the terminal back and leaves the summary on it. */
  leave(): void {
    const { screen, print } = this.#options
    if (screen === undefined) return
    screen.close()
    for (const line of [...this.#chart, ...this.#summary]) print(line)
  }

  /** Shows until the signal ends it; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, screen } = this.#options
    while (!signal.aborted) {
      await wait(clock, screen === undefined ? STATUS_EVERY : FRAME_EVERY, signal).catch(() => undefined)
      if (!signal.aborted) this.#show()
    }
  }

  #show(): void {
    const { screen, print } = this.#options
    const state = this.#state()
    if (screen !== undefined) screen.draw(frame(state, screen.size))
    else if (this.#numbers !== undefined && this.#summary.length === 0) {
      for (const text of statusLines(state)) print({ text, tone: 'dim' })
    }
  }

  #state(): DemoState {
    const numbers = this.#numbers?.(this.#since) ?? { canary: '', rows: [], trace: undefined, requests: 0, lost: 0 }
    return {
      ...numbers,
      elapsed: this.#options.clock.now() - this.#started,
      chapter: this.#chapter,
      happenings: this.#happenings,
      closing: this.#advice.length === 0 ? this.#summary : [...this.#summary, { text: '', tone: 'plain' }, ...this.#advice]
    }
  }
}
