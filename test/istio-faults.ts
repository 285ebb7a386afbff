// What Istio's admission check says of a spec written as YAML, as short lines: for the tables of tests beside its parts.

import { parse } from 'yaml'
import { decode } from '../src/api/decode.ts'
import { ISTIO_KINDS } from '../src/api/istio-kinds.ts'
import { validateIstio } from '../src/api/istio-validate.ts'
import type { Schema } from '../src/api/schema.ts'

/**
 * `error spec.hosts[0]: invalid host *` for each fault of an object x in namespace shop. The types of the schema must fit; its rules in CEL, which
 * say some of the same before, are left out.
 */
export function faultLines(kind: string, spec: string): string[] {
  const known = ISTIO_KINDS.find((one) => one.kind === kind)
  if (known === undefined) throw new Error(`no kind ${kind}`)
  const { group, versions } = known
  const written: unknown = parse(spec)
  const manifest = { apiVersion: `${group}/${versions[0]?.name}`, kind, metadata: { name: 'x', namespace: 'shop' }, spec: written }
  const { value, problems } = decode(
    { ...known, versions: known.versions.map((one) => ({ ...one, schema: withoutRules(one.schema) })) },
    manifest
  )
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

function withoutRules(schema: Schema): Schema {
  const { 'x-kubernetes-validations': _, properties, items, additionalProperties, ...rest } = schema
  return {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, withoutRules(inner)])) }),
    ...(items && { items: withoutRules(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === 'boolean' ? additionalProperties : withoutRules(additionalProperties)
    })
  }
}
