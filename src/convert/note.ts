// What a conversion has to say: what has no counterpart, and what means something else afterwards, each with its place and the reason.

import type { KubeObject } from '../api/object.ts'

/** An object of the input, with the file and the lines of its fields. */
export interface Source {
  readonly file: string
  readonly object: KubeObject
  readonly lineOf: (path: string) => number
}

/** error: without it the result would route or judge otherwise than is safe; warning: it is left out or differs. */
export interface Note {
  readonly severity: 'error' | 'warning'
  readonly source: Source
  readonly path: string
  readonly message: string
}

/** Where a part of a conversion puts its notes. Owns the list. */
export class Notes {
  readonly list: Note[] = []

  warn(source: Source, path: string, message: string): void {
    this.#add({ severity: 'warning', source, path, message })
  }

  error(source: Source, path: string, message: string): void {
    this.#add({ severity: 'error', source, path, message })
  }

  /** By file and line, errors and warnings alike. */
  inOrder(): readonly Note[] {
    const line = ({ source, path }: Note): number => source.lineOf(path)
    return this.list.toSorted((a, b) => a.source.file.localeCompare(b.source.file) || line(a) - line(b))
  }

  #add(note: Note): void {
    const same = this.list.some((each) => each.source === note.source && each.path === note.path && each.message === note.message)
    if (!same) this.list.push(note)
  }
}

/** `file:line: warning Rollout shop/api spec.strategy: ...` */
export function noteLine({ severity, source, path, message }: Note): string {
  const { namespace, name = '' } = source.object.metadata
  const who = `${source.object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
  return `${source.file}:${source.lineOf(path)}: ${severity} ${who} ${path}: ${message}`
}
