// Who reads what: an index from objects to those who want to hear of them, so that a change costs its readers and not everybody.

/** Owns the index. Names are any texts. */
export class Readers {
  readonly #readers = new Map<string, Set<string>>()
  readonly #names = new Map<string, ReadonlySet<string>>()

  /** From now on `reader` reads these, and nothing else. Returns what nobody reads any more. */
  set(reader: string, names: ReadonlySet<string>): readonly string[] {
    const left = this.delete(reader)
    this.#names.set(reader, names)
    for (const name of names) {
      const readers = this.#readers.get(name)
      if (readers === undefined) this.#readers.set(name, new Set([reader]))
      else readers.add(reader)
    }
    return left.filter((name) => !names.has(name))
  }

  /** Returns what nobody reads any more. */
  delete(reader: string): readonly string[] {
    const left: string[] = []
    for (const name of this.#names.get(reader) ?? []) {
      const readers = this.#readers.get(name)
      readers?.delete(reader)
      if (readers?.size !== 0) continue
      this.#readers.delete(name)
      left.push(name)
    }
    this.#names.delete(reader)
    return left
  }

  /** The readers of `name`, as they are now. */
  of(name: string): readonly string[] {
    return [...(this.#readers.get(name) ?? [])]
  }
}
