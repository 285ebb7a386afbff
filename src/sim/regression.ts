// What is wrong with a simulated canary. By itself, as the command line is read without a simulation.

/** How the canary differs from stable. */
export interface Regression {
  /** Failures beyond stable's, a share. */
  readonly errors: number
  /** Times as slow as stable. */
  readonly slower: number
  /** The weight in percent from which on it shows. */
  readonly fromWeight: number
}

/** No regression. */
export const GOOD: Regression = { errors: 0, slower: 1, fromWeight: 0 }
