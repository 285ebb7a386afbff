// Where a pod spec refers to ConfigMaps and Secrets: one description of the places, used to find the references and to rename them.

import { isObject } from '../std/json.ts'

/** A ConfigMap or Secret that pods read. `optional` when every reference to it is: the pods start without it. */
export interface ConfigRef {
  readonly kind: 'configmap' | 'secret'
  readonly name: string
  readonly optional: boolean
}

/** The key of a reference in status.trackedConfigs: `configmap/NAME` or `secret/NAME`. */
export function keyOfConfig({ kind, name }: Pick<ConfigRef, 'kind' | 'name'>): string {
  return `${kind}/${name}`
}

/** What a pod spec refers to in volumes, envFrom and env of all its containers; each object once, in the order of the spec. */
export function configRefsOf(podSpec: unknown): readonly ConfigRef[] {
  const found = new Map<string, ConfigRef>()
  renamedConfigs(podSpec, (ref) => {
    const known = found.get(keyOfConfig(ref))
    found.set(keyOfConfig(ref), known?.optional === false ? known : ref)
    return ref.name
  })
  return [...found.values()]
}

/** The pod spec with each reference under the name that `rename` gives it. */
export function renamedConfigs(podSpec: unknown, rename: (ref: ConfigRef) => string): unknown {
  const ref =
    (kind: ConfigRef['kind'], key: string): Edit =>
    (holder) => {
      if (!isObject(holder)) return holder
      const name = holder[key]
      if (typeof name !== 'string' || name === '') return holder
      return { ...holder, [key]: rename({ kind, name, optional: holder['optional'] === true }) }
    }
  const [configMap, secret] = [ref('configmap', 'name'), ref('secret', 'name')]
  const containers = each(
    within({
      envFrom: each(within({ configMapRef: configMap, secretRef: secret })),
      env: each(within({ valueFrom: within({ configMapKeyRef: configMap, secretKeyRef: secret }) }))
    })
  )
  const volumes = each(
    within({
      configMap,
      secret: ref('secret', 'secretName'),
      projected: within({ sources: each(within({ configMap, secret })) })
    })
  )
  return within({ volumes, initContainers: containers, containers })(podSpec)
}

type Edit = (value: unknown) => unknown

function each(edit: Edit): Edit {
  return (value) => (Array.isArray(value) ? value.map(edit) : value)
}

function within(edits: Readonly<Record<string, Edit>>): Edit {
  return (value) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, edits[key]?.(inner) ?? inner])) : value
}
