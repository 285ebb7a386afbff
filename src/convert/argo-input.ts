// The objects of a conversion by kind, and how Argo's refer to each other.

import type { KubeObject } from '../api/object.ts'
import { parseYaml } from '../api/yaml.ts'
import { isObject } from '../std/json.ts'
import type { Source } from './note.ts'

/** A text with the name it is shown under. */
export interface Text {
  readonly file: string
  readonly text: string
}

/** All that was given. */
export class Input {
  readonly sources: readonly Source[]

  constructor(sources: readonly Source[]) {
    this.sources = sources
  }

  /** The Rollouts. */
  get rollouts(): readonly Source[] {
    return this.sources.filter(({ object }) => object.kind === 'Rollout' && object.apiVersion.startsWith('argoproj.io/'))
  }

  /** The object of this kind and name in the namespace, or, where one of the two says no namespace, of any. */
  find(kind: string, name: string, namespace: string | undefined): Source | undefined {
    return this.sources.find(
      ({ object: { kind: other, metadata } }) =>
        other === kind &&
        metadata.name === name &&
        (namespace === undefined || metadata.namespace === undefined || metadata.namespace === namespace)
    )
  }
}

/** What the texts hold, and what cannot be read of them, as lines. */
export function readInput(texts: readonly Text[]): { readonly input: Input; readonly problems: readonly string[] } {
  const problems: string[] = []
  const sources: Source[] = []
  for (const { file, text } of texts) {
    const { objects, problems: wrong } = parseYaml(text)
    problems.push(...wrong.flatMap(({ severity, line, message }) => (severity === 'error' ? [`${file}:${line}: error ${message}`] : [])))
    for (const { value, locate } of objects) {
      const object = objectIn(value)
      if (object !== undefined) sources.push({ file, object, lineOf: (path) => locate(path).line })
    }
  }
  return { input: new Input(sources), problems }
}

function objectIn(value: Readonly<Record<string, unknown>>): KubeObject | undefined {
  const { apiVersion, kind, metadata } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isObject(metadata) || typeof metadata['name'] !== 'string')
    return undefined
  return { ...value, apiVersion, kind, metadata }
}
