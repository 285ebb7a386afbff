// The gates of the load tester: one per canary and one for its rollback, closed until somebody opens them. They stay as they are until the
// process ends. Owns which are open.

/** What a gate's path answers: a status, and a word for people. */
export interface GateAnswer {
  readonly status: number
  readonly text: string
}

/** Gates remembered as open; further ones are refused. */
export const GATES_MAX = 10_000

/** Open gates by canary. */
export class Gates {
  readonly #open = new Set<string>()

  /** The answer to /gate/<verb> and /rollback/<verb> about a canary, `name.namespace`; undefined for another path. */
  answer(path: string, canary: string): GateAnswer | undefined {
    const [, kind, verb] = /^\/(gate|rollback)\/(check|open|close)$/.exec(path) ?? []
    const key = kind === 'rollback' ? `rollback.${canary}` : canary
    switch (verb) {
      case 'check':
        return this.#open.has(key) ? { status: 200, text: 'open' } : { status: 403, text: 'closed' }
      case 'open':
        if (this.#open.size >= GATES_MAX) return { status: 429, text: `${GATES_MAX} gates are open, which is the most` }
        this.#open.add(key)
        return { status: 202, text: `${key} is open` }
      case 'close':
        this.#open.delete(key)
        return { status: 202, text: `${key} is closed` }
      default:
        return undefined
    }
  }
}
