// What the API server refuses in the containers of a pod: names, images, ports, variables, mounts and probes.

import { isObject } from '../std/json.ts'
import {
  between,
  DNS_LABEL,
  DNS_SUBDOMAIN,
  fault,
  labelFaults,
  listIn,
  notNegative,
  portFaults,
  portNameFaults,
  textFaults,
  type TextRule
} from './builtin-words.ts'
import { duplicate, missing } from './cause.ts'
import type { Cause } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

/** The faults of all containers of a pod's spec at `path`; `volumes` are the names that mounts may use. */
export function containerFaults(spec: Fields, path: string, volumes: ReadonlySet<unknown>): readonly Cause[] {
  const containers = listIn(spec['containers'])
  const names = new Set<unknown>()
  const all = (list: string): readonly Cause[] =>
    listIn(spec[list]).flatMap((container, index) => {
      const at = `${path}.${list}[${index}]`
      return [...nameFaults(container, at, names), ...fieldFaults(container, at), ...mountFaults(container, at, volumes)]
    })
  const none = containers.length === 0 ? [missing(`${path}.containers`)] : []
  return [...none, ...all('containers'), ...all('initContainers'), ...hostPortFaults(containers, path), ...placeFaults(spec, path)]
}

// Two containers of a pod cannot have one port of the node.
function hostPortFaults(containers: readonly Fields[], path: string): readonly Cause[] {
  const taken = new Set<string>()
  return containers.flatMap((container, index) =>
    listIn(container['ports']).flatMap((port, at) => {
      const { hostPort = 0, hostIP = '', protocol = 'TCP' } = port
      if (hostPort === 0) return []
      const key = `${String(protocol)}/${String(hostIP)}/${String(hostPort)}`
      const twice = taken.has(key) ? [duplicate(`${path}.containers[${index}].ports[${at}].hostPort`, key)] : []
      taken.add(key)
      return twice
    })
  )
}

function placeFaults(spec: Fields, path: string): readonly Cause[] {
  const named = (field: string, rule: TextRule): readonly Cause[] => {
    const value = spec[field]
    return typeof value === 'string' && value !== '' ? textFaults(value, `${path}.${field}`, rule) : []
  }
  return [
    ...labelFaults(spec['nodeSelector'], `${path}.nodeSelector`),
    ...named('hostname', DNS_LABEL),
    ...named('subdomain', DNS_LABEL),
    ...named('serviceAccountName', DNS_SUBDOMAIN)
  ]
}

function nameFaults(container: Fields, path: string, names: Set<unknown>): readonly Cause[] {
  const name = container['name']
  if (typeof name !== 'string' || name === '') return [missing(`${path}.name`)]
  const twice = names.has(name) ? [duplicate(`${path}.name`, name)] : []
  names.add(name)
  return [...textFaults(name, `${path}.name`, DNS_LABEL), ...twice]
}

function fieldFaults(container: Fields, path: string): readonly Cause[] {
  const image = container['image']
  const imageless = image === undefined || image === '' ? [missing(`${path}.image`)] : []
  const padded = typeof image === 'string' && image.trim() !== image
  const spaced = padded ? [fault(`${path}.image`, image, 'must not have leading or trailing whitespace')] : []
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((name) => {
    const probe = container[name]
    return isObject(probe) ? probeFaults(probe, `${path}.${name}`, name !== 'readinessProbe') : []
  })
  const env = listIn(container['env']).flatMap((variable, index) => variableFaults(variable, `${path}.env[${index}]`))
  return [
    ...portsFaults(container, path),
    ...env,
    ...envFromFaults(container, path),
    ...hookFaults(container, path),
    ...probes,
    ...imageless,
    ...spaced
  ]
}

function portsFaults(container: Fields, path: string): readonly Cause[] {
  const names = new Set<unknown>()
  return listIn(container['ports']).flatMap((port, index) => {
    const at = `${path}.ports[${index}]`
    const name = port['name']
    const found: Cause[] = []
    if (typeof name === 'string' && name !== '') {
      found.push(...portNameFaults(name, `${at}.name`))
      if (names.has(name)) found.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    const number = port['containerPort']
    found.push(...(number === undefined || number === 0 ? [missing(`${at}.containerPort`)] : between(number, `${at}.containerPort`)))
    if (port['hostPort'] !== undefined) found.push(...between(port['hostPort'], `${at}.hostPort`))
    return found
  })
}

function variableFaults(variable: Fields, path: string): readonly Cause[] {
  const { name, value, valueFrom } = variable
  const nameless = name === undefined || name === '' ? [missing(`${path}.name`)] : envNameFaults(name, `${path}.name`)
  if (!isObject(valueFrom)) return nameless
  const sources = Object.keys(valueFrom).length
  const both = typeof value === 'string' && value !== '' && sources > 0
  return [
    ...nameless,
    ...(sources === 0
      ? [fault(`${path}.valueFrom`, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`')]
      : []),
    ...(both ? [fault(`${path}.valueFrom`, '', 'may not be specified when `value` is not empty')] : []),
    ...(sources > 1 ? [fault(`${path}.valueFrom`, '', 'may not have more than one field specified at a time')] : []),
    ...['configMapKeyRef', 'secretKeyRef'].flatMap((field) => absentFaults(valueFrom[field], `${path}.valueFrom.${field}`, ['name', 'key']))
  ]
}

function envNameFaults(name: unknown, field: string): readonly Cause[] {
  if (typeof name !== 'string' || /^[ -<>-~]+$/.test(name)) return []
  return [fault(field, name, "a valid environment variable name must consist only of printable ASCII characters other than '='")]
}

function envFromFaults(container: Fields, path: string): readonly Cause[] {
  return listIn(container['envFrom']).flatMap((source, index) => {
    const sources = ['configMapRef', 'secretRef'].filter((field) => isObject(source[field]))
    if (sources.length === 0) return [fault(`${path}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`')]
    return sources.flatMap((field) => absentFaults(source[field], `${path}.envFrom[${index}].${field}`, ['name']))
  })
}

function absentFaults(value: unknown, path: string, fields: readonly string[]): readonly Cause[] {
  if (!isObject(value)) return []
  return fields.filter((field) => (value[field] ?? '') === '').map((field) => missing(`${path}.${field}`))
}

const HOOKS = ['exec', 'httpGet', 'tcpSocket', 'sleep']

function hookFaults(container: Fields, path: string): readonly Cause[] {
  const { lifecycle } = container
  return ['postStart', 'preStop'].flatMap((name) => {
    const hook = isObject(lifecycle) ? lifecycle[name] : undefined
    if (!isObject(hook) || HOOKS.some((action) => isObject(hook[action]))) return []
    return [missing(`${path}.lifecycle.${name}`, 'must specify a handler type')]
  })
}

function mountFaults(container: Fields, path: string, volumes: ReadonlySet<unknown>): readonly Cause[] {
  const paths = new Set<unknown>()
  return listIn(container['volumeMounts']).flatMap((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`
    const { name, mountPath } = mount
    const found: Cause[] = []
    if (name === undefined || name === '') found.push(missing(`${at}.name`))
    else if (!volumes.has(name))
      found.push({ reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(name)}`, field: `${at}.name` })
    if (mountPath === undefined || mountPath === '') found.push(missing(`${at}.mountPath`))
    else if (paths.has(mountPath)) found.push(fault(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    return found
  })
}

const ACTIONS = ['exec', 'httpGet', 'tcpSocket', 'grpc']
const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']

function probeFaults(probe: Fields, path: string, onceOnly: boolean): readonly Cause[] {
  const actions = ACTIONS.filter((name) => isObject(probe[name]))
  const counts = COUNTS.flatMap((name) => notNegative(probe[name], `${path}.${name}`))
  const successes = probe['successThreshold']
  const often = onceOnly && typeof successes === 'number' && successes > 1
  return [
    ...(actions.length === 0 ? [missing(path, 'must specify a handler type')] : []),
    ...actions.slice(1).map((name): Cause => ({
      reason: 'FieldValueForbidden',
      message: 'Forbidden: may not specify more than 1 handler type',
      field: `${path}.${name}`
    })),
    ...['httpGet', 'tcpSocket', 'grpc'].flatMap((name) => actionPortFaults(probe[name], `${path}.${name}.port`)),
    ...(isObject(probe['exec']) && listOf(probe['exec']['command']).length === 0 ? [missing(`${path}.exec.command`)] : []),
    ...counts,
    ...(often ? [fault(`${path}.successThreshold`, successes, 'must be 1')] : [])
  ]
}

function actionPortFaults(action: unknown, path: string): readonly Cause[] {
  return isObject(action) ? portFaults(action['port'] ?? 0, path) : []
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
