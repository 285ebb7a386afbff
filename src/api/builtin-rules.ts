// The built-in kinds' own rules in the form of the store's hooks (RuleHooks of store/api-rules.ts): prepare and validate. Objects of other
// kinds pass unchanged.

import { dig, isObject } from '../std/json.ts'
import { builtinMessage } from './builtin-messages.ts'
import { validateBuiltin } from './builtin-validate.ts'
import type { Cause } from './cause.ts'
import type { KubeObject } from './object.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the server keeps when an update leaves it out: a Service's addresses and the node ports of ports that stay. */
export function prepareKind(object: KubeObject, old: KubeObject | undefined): KubeObject {
  if (old === undefined || builtinMessage(object.apiVersion, object.kind) !== 'Service') return object
  const [spec, before] = [object['spec'], old['spec']]
  if (!isObject(spec) || !isObject(before) || spec['type'] === 'ExternalName' || before['type'] === 'ExternalName') return object
  const addresses = spec['clusterIP'] === undefined ? pick(before, ['clusterIP', 'clusterIPs']) : {}
  return { ...object, spec: { ...spec, ...addresses, ...nodePorts(spec, before) } }
}

/** The faults of a built-in object beyond its schema; `old` is the stored object of an update. */
export function validateKind(object: KubeObject, old: KubeObject | undefined): readonly Cause[] {
  const message = builtinMessage(object.apiVersion, object.kind)
  return message === undefined ? [] : validateBuiltin(message, object, old)
}

function nodePorts(spec: Fields, before: Fields): Fields {
  const hasNodePorts = spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer'
  const ports = spec['ports']
  const known: readonly unknown[] = Array.isArray(before['ports']) ? before['ports'] : []
  if (!hasNodePorts || !Array.isArray(ports)) return {}
  const kept = ports.map((port: unknown) => {
    const same = known.find((one) => dig(one, 'port') === dig(port, 'port') && dig(one, 'protocol') === dig(port, 'protocol'))
    return isObject(port) && isObject(same) ? { ...pick(same, ['nodePort']), ...port } : port
  })
  return { ports: kept }
}

function pick(object: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]])))
}
