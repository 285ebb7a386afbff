// What a Canary refers to by name and what is not there: its checks, alerts and scaler wait for it, or are left out.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, listAt, textAt } from '../std/json.ts'
import type { Named } from './named.ts'

/** A reference that leads nowhere: where it is, and what comes of it. */
export interface Dangling {
  readonly path: string
  readonly text: string
}

/** Kinds of which it is known which objects there are; of others nothing is said. */
export type KnownKinds = ReadonlySet<string>

/** The references of `canary` to objects of `known` kinds that are not among those of `named`. */
export function danglingOf(canary: KubeObject, named: Named, known: KnownKinds): readonly Dangling[] {
  const { namespace = 'default' } = canary.metadata
  return referencesOf(canary, namespace).flatMap(({ path, kind, to, meanwhile }) => {
    if (!known.has(kind) || named.find(kind, to.namespace, to.name) !== undefined) return []
    return [{ path, text: `${kind} ${to.namespace}/${to.name} does not exist: ${meanwhile} until it does` }]
  })
}

interface Reference {
  readonly path: string
  readonly kind: string
  readonly to: { readonly namespace: string; readonly name: string }
  readonly meanwhile: string
}

function referencesOf(canary: KubeObject, home: string): readonly Reference[] {
  const analysis = dig(canary['spec'], 'analysis')
  const listed = (field: string, ref: string): readonly (readonly [string, string, Reference['to']])[] => {
    return listAt(analysis, field).flatMap((item, index) => {
      const to = nameIn(dig(item, ref), home)
      return to === undefined ? [] : [[`spec.analysis.${field}[${index}].${ref}`, textAt(item, 'name'), to] as const]
    })
  }
  const scaler = dig(canary['spec'], 'autoscalerRef')
  const scaled = nameIn(scaler, home)
  const kind = dig(scaler, 'kind')
  return [
    ...listed('metrics', 'templateRef').map(([path, check, to]) => ({
      path,
      kind: 'MetricTemplate',
      to,
      meanwhile: `the check ${check} holds the rollout`
    })),
    ...listed('alerts', 'providerRef').map(([path, , to]) => ({ path, kind: 'AlertProvider', to, meanwhile: 'nobody is told' })),
    ...(scaled === undefined || typeof kind !== 'string'
      ? []
      : [{ path: 'spec.autoscalerRef', kind, to: { ...scaled, namespace: home }, meanwhile: 'nothing scales the primary' }])
  ]
}

function nameIn(reference: unknown, home: string): Reference['to'] | undefined {
  if (!isObject(reference)) return undefined
  const { name, namespace } = reference
  if (typeof name !== 'string' || name === '') return undefined
  return { name, namespace: typeof namespace === 'string' && namespace !== '' ? namespace : home }
}
