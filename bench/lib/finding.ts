// What a bench hands back, as plain data: tables for people, and figures that are compared with those of another day.

/** One measured number that has a name across runs. */
export interface Figure {
  /** Unique within its bench, e.g. `100 B, c64: CPU against nginx`. */
  readonly id: string
  readonly value: number
  readonly better: 'less' | 'more'
  /** `ratio`: of two things measured in one run, comparable between machines. `machine`: only with the same machine. */
  readonly scale: 'ratio' | 'machine'
  /** What it must not be worse than. */
  readonly limit?: number
  /** Differences up to this are noise, whatever their share. */
  readonly grain?: number
}

/** A table as it is printed. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** All that one bench found. */
export interface Finding {
  readonly tables: readonly Table[]
  readonly figures: readonly Figure[]
  /** Sentences that belong to the tables: what was left out, what the machine could not show. */
  readonly notes: readonly string[]
}

/** How long and how often things are measured. */
export interface BenchOptions {
  readonly rounds: number
  /** Of one measurement. */
  readonly seconds: number
}

/** A question, and how it is answered. */
export interface Bench {
  readonly name: string
  readonly question: string
  /** About how long it takes, in seconds. */
  duration(options: BenchOptions): number
  run(options: BenchOptions): Promise<Finding>
}

/** Whether the figure is worse than its limit. A figure that is no number misses it. */
export function misses({ value, better, limit }: Figure): boolean {
  if (limit === undefined) return false
  return better === 'less' ? !(value <= limit) : !(value >= limit)
}
