// Who read what: units of work note what they read while they run, so that a change of it finds exactly those that must run again. Nobody
// lists dependencies by hand, so none is forgotten.

/** A piece of work: its kind, and which of them. */
export interface Unit {
  readonly kind: string
  readonly key: string
}

interface Ran extends Unit {
  reads: ReadonlySet<string>
}

/** Owns what units read, and which of them are out of date. */
export class Reads {
  readonly #ran = new Map<string, Ran>()
  readonly #readers = new Map<string, Set<Ran>>()
  readonly #stale = new Map<string, Set<string>>()
  #reading: Set<string> | undefined
  readonly #unread = new Set<string>()

  /** Says that the unit that runs now depends on `cell`. */
  note(cell: string): void {
    this.#reading?.add(cell)
  }

  /** Runs a unit anew; it is up to date then. Units may run inside each other: each has its own reads. */
  run<T>({ kind, key }: Unit, work: () => T): T {
    const outer = this.#reading
    const reads = new Set<string>()
    this.#reading = reads
    // Before the work: what changes while it runs makes it stale again.
    this.#stale.get(kind)?.delete(key)
    try {
      return work()
    } finally {
      this.#reading = outer
      this.#replace({ kind, key }, reads)
    }
  }

  /** All units that read `cell` are out of date. */
  touch(cell: string): void {
    for (const { kind, key } of this.#readers.get(cell) ?? []) this.want({ kind, key })
  }

  /** The same for all cells of which `affected` says so. Looks at every cell: for what changes rarely. */
  touchWhere(affected: (cell: string) => boolean): void {
    for (const cell of this.#readers.keys()) if (affected(cell)) this.touch(cell)
  }

  /** The unit is to run, whatever it read. */
  want({ kind, key }: Unit): void {
    const stale = this.#stale.get(kind)
    if (stale === undefined) this.#stale.set(kind, new Set([key]))
    else stale.add(key)
  }

  /** Whether the unit must run again. */
  isStale({ kind, key }: Unit): boolean {
    return this.#stale.get(kind)?.has(key) ?? false
  }

  /** The units of a kind that are out of date; they stay so until they run or are dropped. */
  stale(kind: string): string[] {
    return [...(this.#stale.get(kind) ?? [])]
  }

  /** What nobody reads any more, of all that was read when this was last asked, or since. */
  takeUnread(): string[] {
    const unread = [...this.#unread].filter((cell) => !this.#readers.has(cell))
    this.#unread.clear()
    return unread
  }

  /** Forgets a unit. */
  drop(unit: Unit): void {
    this.#stale.get(unit.kind)?.delete(unit.key)
    this.#replace(unit, NOTHING)
    this.#ran.delete(`${unit.kind} ${unit.key}`)
  }

  #replace({ kind, key }: Unit, reads: ReadonlySet<string>): void {
    const id = `${kind} ${key}`
    const ran = this.#ran.get(id) ?? { kind, key, reads: NOTHING }
    this.#ran.set(id, ran)
    for (const cell of ran.reads) if (!reads.has(cell)) this.#forget(cell, ran)
    for (const cell of reads) {
      const readers = this.#readers.get(cell)
      if (readers === undefined) this.#readers.set(cell, new Set([ran]))
      else readers.add(ran)
    }
    ran.reads = reads
  }

  #forget(cell: string, ran: Ran): void {
    const readers = this.#readers.get(cell)
    readers?.delete(ran)
    if (readers?.size !== 0) return
    this.#readers.delete(cell)
    this.#unread.add(cell)
  }
}

const NOTHING: ReadonlySet<string> = new Set()

/** Counts of what several say: a name is there while anybody says it. Owns the counts. */
export class Tally {
  readonly #counts = new Map<string, number>()

  has(name: string): boolean {
    return this.#counts.has(name)
  }

  /** All names, in no order. */
  names(): string[] {
    return [...this.#counts.keys()]
  }

  /** How many say it. */
  count(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** One more says these, one fewer says those. True when a name came or went. */
  move(before: readonly string[], after: readonly string[]): boolean {
    let changed = false
    for (const name of after) {
      const count = this.#counts.get(name) ?? 0
      this.#counts.set(name, count + 1)
      changed ||= count === 0
    }
    for (const name of before) {
      const count = (this.#counts.get(name) ?? 0) - 1
      if (count > 0) this.#counts.set(name, count)
      else changed = this.#counts.delete(name) || changed
    }
    return changed
  }
}

/** Values under a name that several may have. Owns the lists. */
export class Groups<T> {
  readonly #groups = new Map<string, Map<string, T>>()

  /** The values of a name, by who has them. */
  of(name: string): ReadonlyMap<string, T> {
    return this.#groups.get(name) ?? new Map<string, T>()
  }

  has(name: string): boolean {
    return this.#groups.has(name)
  }

  /** All names, in no order. */
  names(): MapIterator<string> {
    return this.#groups.keys()
  }

  put(name: string, owner: string, value: T): void {
    const group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, new Map([[owner, value]]))
    else group.set(owner, value)
  }

  remove(name: string, owner: string): void {
    const group = this.#groups.get(name)
    group?.delete(owner)
    if (group?.size === 0) this.#groups.delete(name)
  }
}
