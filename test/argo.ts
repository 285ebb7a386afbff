// Objects of a conversion, as its tests need them: called `api` in namespace `shop`, in the file `f.yaml`.

import { Input } from '../src/convert/argo-input.ts'
import { Notes, type Source } from '../src/convert/note.ts'
import type { KubeObject } from '../src/api/object.ts'

/** An object of the input; every field is on line 1. */
export function sourceOf(kind: string, spec: object, metadata: KubeObject['metadata'] = {}): Source {
  return {
    file: 'f.yaml',
    object: { apiVersion: 'v1', kind, metadata: { name: 'api', namespace: 'shop', ...metadata }, spec },
    lineOf: () => 1
  }
}

/** An input of these. */
export function inputOf(...sources: readonly Source[]): Input {
  return new Input(sources)
}

/** Notes, and their lines as `severity path: message`. */
export function notesOf(): { readonly notes: Notes; readonly lines: () => readonly string[] } {
  const notes = new Notes()
  return { notes, lines: () => notes.list.map(({ severity, path, message }) => `${severity} ${path}: ${message}`) }
}
