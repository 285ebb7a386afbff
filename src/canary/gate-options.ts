// Where the options of the gate are said: in annotations of the Canary, or in one ConfigMap that an annotation names, whose keys are those of
// the annotations without their prefix. What an annotation says wins.

import type { KubeObject } from '../api/object.ts'
import { isObject } from '../std/json.ts'

/** The annotation that names a ConfigMap of the Canary's namespace. */
export const GATE_CONFIG = 'serin.dev/gate-config'

/** The ConfigMap that a Canary names; or why it cannot be had. */
export type GateConfig =
  | { readonly kind: 'found'; readonly object: KubeObject }
  | { readonly kind: 'missing'; readonly name: string; readonly because: string }

/** Something said that cannot be read: under which annotation, and what. */
export interface Misread {
  readonly annotation: string
  readonly text: string
}

/** What is said of one option, and how something about it is told: where it was said. */
export interface Said {
  readonly text: string
  readonly told: (text: string) => Misread
}

/** That an option is not what it must be, and what counts `instead`. */
export function misreadOf({ text, told }: Said, wanted: string, instead = 'the default is used'): Misread {
  return told(`${JSON.stringify(text)}: must be ${wanted}; ${instead}`)
}

const PREFIX = 'serin.dev/'
/** As Kubernetes holds names of ConfigMaps and workloads (RFC 1123). */
export const OBJECT_NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/

/** The name of the ConfigMap, undefined where none is named or none could have that name. */
export function gateConfigName({ metadata }: KubeObject): string | undefined {
  const name = metadata.annotations?.[GATE_CONFIG]?.trim()
  return name !== undefined && OBJECT_NAME.test(name) ? name : undefined
}

/** An annotation's key in the ConfigMap, and in the records of a Release. */
export function optionName(annotation: string): string {
  return annotation.slice(PREFIX.length)
}

/**
 * What is said, by annotation, of those that are `known`. `config` is the ConfigMap that the Canary names; undefined where nobody has looked
 * for it: then nothing is told of it.
 */
export function gateOptionsOf(
  canary: KubeObject,
  config: GateConfig | undefined,
  known: readonly string[]
): { readonly said: ReadonlyMap<string, Said>; readonly problems: readonly Misread[] } {
  const { annotations = {} } = canary.metadata
  const said = new Map<string, Said>()
  const [entries, problems] = configured(canary, config, known)
  for (const annotation of known) {
    const text = annotations[annotation]
    if (text !== undefined) said.set(annotation, annotated(annotation, text))
    const entry = entries.get(annotation)
    if (text === undefined && entry !== undefined) said.set(annotation, entry)
  }
  return { said, problems }
}

/** What is said of one option. */
export function optionOf(canary: KubeObject, config: GateConfig | undefined, annotation: string): Said | undefined {
  return gateOptionsOf(canary, config, [annotation]).said.get(annotation)
}

type Entries = readonly [ReadonlyMap<string, Said>, readonly Misread[]]

function configured({ metadata }: KubeObject, config: GateConfig | undefined, known: readonly string[]): Entries {
  const name = metadata.annotations?.[GATE_CONFIG]
  if (name === undefined) return [new Map(), []]
  if (gateConfigName({ apiVersion: '', kind: '', metadata }) === undefined) {
    return [new Map(), [misreadOf(annotated(GATE_CONFIG, name), 'the name of a ConfigMap')]]
  }
  if (config === undefined) return [new Map(), []]
  if (config.kind === 'missing') {
    const text = `ConfigMap ${config.name} ${config.because}: what annotations do not say is at its default`
    return [new Map(), [{ annotation: GATE_CONFIG, text }]]
  }
  return entriesOf(config.object, known)
}

function entriesOf({ metadata, data }: KubeObject, known: readonly string[]): Entries {
  const said = new Map<string, Said>()
  const problems: Misread[] = []
  for (const [key, text] of Object.entries(isObject(data) ? data : {})) {
    const annotation = `${PREFIX}${key}`
    const where = `ConfigMap ${metadata.name ?? ''}: data.${key}`
    if (known.includes(annotation)) {
      said.set(annotation, { text: String(text), told: (problem) => ({ annotation: GATE_CONFIG, text: `${where} ${problem}` }) })
    } else {
      problems.push({ annotation: GATE_CONFIG, text: `${where} is not read: it must be one of ${known.map(optionName).join(', ')}` })
    }
  }
  return [said, problems]
}

/** An option as an annotation has it. */
export function annotated(annotation: string, text: string): Said {
  return { text, told: (problem) => ({ annotation, text: problem }) }
}
