// What Istio's admission check says of a spec written as YAML, as short lines: for the tables of tests beside its parts.

import { parse } from 'yaml'
import { decode } from '../src/api/decode.ts'
import { ISTIO_KINDS } from '../src/api/istio-kinds.ts'
import { validateIstio } from '../src/api/istio-validate.ts'

/** `error spec.hosts[0]: invalid host *` for each fault of an object x in namespace shop; a spec that its schema refuses is no case. */
export function faultLines(kind: string, spec: string): string[] {
  const known = ISTIO_KINDS.find((one) => one.kind === kind)
  if (known === undefined) throw new Error(`no kind ${kind}`)
  const { group, versions } = known
  const written: unknown = parse(spec)
  const manifest = { apiVersion: `${group}/${versions[0]?.name}`, kind, metadata: { name: 'x', namespace: 'shop' }, spec: written }
  const { value, problems } = decode(known, manifest)
  if (value === undefined) throw new Error(`${kind} ${spec}: ${JSON.stringify(problems)}`)
  return validateIstio(value).map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

/** The faults of one HTTP rule of a VirtualService for host a; paths begin below the rule. */
export function ruleFaults(rule: string): string[] {
  return faultLines('VirtualService', `{hosts: [a], http: [${rule}]}`).map((line) => line.replace('spec.http[0]', '').replace(' .', ' '))
}

/** The faults of a traffic policy of a DestinationRule for host a; paths begin below the policy. */
export function policyFaults(policy: string): string[] {
  return faultLines('DestinationRule', `{host: a, trafficPolicy: ${policy}}`).map((line) => line.replace('spec.trafficPolicy.', ''))
}
