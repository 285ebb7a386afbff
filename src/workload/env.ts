// A container's environment: Services of the namespace, envFrom, env with field, ConfigMap and Secret references, and $(VAR) expansion.

import type { Service } from '../api/builtin-types.ts'
import type { ConfigMapKeySelector, Container, EnvFromSource, EnvVar, Pod, SecretKeySelector } from '../api/builtin-types-pod.ts'

/** What references may point at. Secrets are decoded already. */
export interface EnvSources {
  readonly pod: Pod
  readonly podIP: string
  readonly hostIP: string
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly services: readonly Service[]
  /** Variables every container starts with; all others win over them. */
  readonly injected?: Readonly<Record<string, string>>
}

/** The variables, and what is missing: one sentence each, as a container waiting with CreateContainerConfigError says it. */
export interface ContainerEnv {
  readonly env: Readonly<Record<string, string>>
  readonly missing: readonly string[]
}

/** Later sources win: Services, envFrom in order, env in order; $(VAR) sees every variable defined before it (core/v1 EnvVar). */
export function containerEnv(container: Container, sources: EnvSources): ContainerEnv {
  const missing: string[] = []
  const env: Record<string, string> = { ...sources.injected, ...serviceEnv(sources.services) }
  for (const from of container.envFrom ?? []) Object.assign(env, envFrom(from, sources, missing))
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, sources, { env, missing })
    if (value !== undefined) env[variable.name] = value
  }
  return { env, missing }
}

/** Replaces $(NAME) by its value; $$(NAME) stays as $(NAME), and so does a name that is not defined. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (found === '$$') return '$'
    return name !== undefined && Object.hasOwn(env, name) ? (env[name] ?? found) : found
  })
}

/** <NAME>_SERVICE_HOST, <NAME>_SERVICE_PORT and <NAME>_SERVICE_PORT_<PORTNAME> of Services that have an address. */
export function serviceEnv(services: readonly Service[]): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { metadata, spec } of services) {
    const { clusterIP } = spec
    const [first] = spec.ports ?? []
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || first === undefined) continue
    const name = upper(metadata.name ?? '')
    env[`${name}_SERVICE_HOST`] = clusterIP
    env[`${name}_SERVICE_PORT`] = String(first.port)
    for (const port of spec.ports ?? [])
      if (port.name !== undefined && port.name !== '') env[`${name}_SERVICE_PORT_${upper(port.name)}`] = String(port.port)
  }
  return env
}

function upper(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}

function envFrom(from: EnvFromSource, sources: EnvSources, missing: string[]): Record<string, string> {
  const reference = from.configMapRef ?? from.secretRef
  if (reference === undefined) return {}
  const { name = '' } = reference
  const kind = from.configMapRef === undefined ? 'secret' : 'configmap'
  const found = (kind === 'secret' ? sources.secrets : sources.configMaps).get(name)
  if (found === undefined && reference.optional !== true) missing.push(`${kind} "${name}" not found`)
  return Object.fromEntries(Object.entries(found ?? {}).map(([key, value]) => [`${from.prefix ?? ''}${key}`, value]))
}

interface Scope {
  readonly env: Readonly<Record<string, string>>
  readonly missing: string[]
}

function valueOf(variable: EnvVar, sources: EnvSources, scope: Scope): string | undefined {
  const { valueFrom } = variable
  if (valueFrom === undefined) return expand(variable.value ?? '', scope.env)
  if (valueFrom.fieldRef !== undefined) return fieldOf(valueFrom.fieldRef.fieldPath, sources)
  if (valueFrom.configMapKeyRef !== undefined)
    return keyOf(valueFrom.configMapKeyRef, { kind: 'configmap', of: sources.configMaps }, scope.missing)
  if (valueFrom.secretKeyRef !== undefined) return keyOf(valueFrom.secretKeyRef, { kind: 'secret', of: sources.secrets }, scope.missing)
  return undefined
}

interface Store {
  readonly kind: string
  readonly of: ReadonlyMap<string, Readonly<Record<string, string>>>
}

function keyOf(reference: ConfigMapKeySelector | SecretKeySelector, store: Store, missing: string[]): string | undefined {
  const { name = '' } = reference
  const data = store.of.get(name)
  const value = data !== undefined && Object.hasOwn(data, reference.key) ? data[reference.key] : undefined
  if (value !== undefined || reference.optional === true) return value
  missing.push(data === undefined ? `${store.kind} "${name}" not found` : `couldn't find key ${reference.key} in ${store.kind} "${name}"`)
  return undefined
}

/** The value of a downward-API field path, undefined for one that is not known. */
export function fieldOf(path: string, { pod, podIP, hostIP }: Pick<EnvSources, 'pod' | 'podIP' | 'hostIP'>): string | undefined {
  const entry = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (entry !== null) return pod.metadata[entry[1] === 'labels' ? 'labels' : 'annotations']?.[entry[2] ?? ''] ?? ''
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': podIP,
    'status.podIPs': podIP,
    'status.hostIP': hostIP
  }
  return fields[path]
}
