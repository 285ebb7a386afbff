// Services, VirtualServices and DestinationRules around a Rollout as spec.service: afterwards they are generated.

import type { Input } from './argo-input.ts'
import type { Workload } from './argo-workload.ts'
import type { Notes, Source } from './note.ts'
import { compact, mapAt, numberAt, textAt } from './read.ts'
import { listAt } from '../std/json.ts'

/** What is known of a Rollout's way to traffic. */
export interface ServiceInput {
  readonly rollout: Source
  readonly input: Input
  readonly workload: Workload
  readonly notes: Notes
  /** The Service that callers use, as the strategy names it, and the others, which go. */
  readonly main: string | undefined
  readonly others: readonly string[]
}

/** spec.service; undefined, with a note, where its port cannot be known. */
export function serviceOf(given: ServiceInput): Record<string, unknown> | undefined {
  const { rollout, workload, notes, others, input } = given
  const { namespace } = rollout.object.metadata
  const service = mainService(given)
  const name = given.main ?? service?.object.metadata.name ?? workload.name
  const port = portOf(given, service)
  if (port === undefined) {
    notes.error(
      rollout,
      'spec.template',
      'no Service and no containerPort among the files says which port it serves: spec.service.port is needed'
    )
    return undefined
  }
  if (service !== undefined)
    notes.warn(
      service,
      'metadata.name',
      `is taken over: Serin makes the Services ${name}, ${name}-primary and ${name}-canary from the Canary`
    )
  for (const other of others) {
    const found = input.find('Service', other, namespace)
    if (found !== undefined)
      notes.warn(found, 'metadata.name', `is not needed any more: its pods are behind ${name}-canary; remove it once nobody calls it`)
  }
  return { ...(name === workload.name ? {} : { name }), ...port, ...trafficOf(given, name) }
}

function mainService({ rollout, input, workload, main }: ServiceInput): Source | undefined {
  const { namespace } = rollout.object.metadata
  if (main !== undefined) return input.find('Service', main, namespace)
  const labels = mapAt(workload.template, 'metadata', 'labels') ?? {}
  return input.sources.find(({ object }) => {
    const selector = mapAt(object, 'spec', 'selector') ?? {}
    const keys = Object.keys(selector)
    return object.kind === 'Service' && keys.length > 0 && keys.every((key) => selector[key] === labels[key])
  })
}

function portOf({ workload, notes, rollout }: ServiceInput, service: Source | undefined): Record<string, unknown> | undefined {
  const ports = listAt(service?.object, 'spec', 'ports')
  const [first, ...more] = ports
  const port = numberAt(first, 'port')
  if (service !== undefined && port !== undefined) {
    if (more.length > 0)
      notes.warn(service, 'spec.ports[1]', 'only the first port is routed; the others are found at the containers (portDiscovery)')
    return compact({
      port,
      targetPort: mapAt(first)?.['targetPort'],
      portName: textAt(first, 'name'),
      appProtocol: textAt(first, 'appProtocol'),
      portDiscovery: more.length > 0 ? true : undefined
    })
  }
  const [container] = listAt(workload.template, 'spec', 'containers').flatMap(
    (each) => numberAt(listAt(each, 'ports')[0], 'containerPort') ?? []
  )
  if (container === undefined) return undefined
  notes.warn(rollout, 'spec.template', `no Service among the files: port ${container} of the container is taken`)
  return { port: container }
}

function trafficOf({ rollout, input, notes }: ServiceInput, name: string): Record<string, unknown> {
  const istio = mapAt(rollout.object, 'spec', 'strategy', 'canary', 'trafficRouting', 'istio')
  if (istio === undefined) return {}
  const base = 'spec.strategy.canary.trafficRouting.istio'
  const all = [mapAt(istio, 'virtualService'), ...listAt(istio, 'virtualServices')].filter((each) => each !== undefined)
  if (all.length > 1)
    notes.error(rollout, `${base}.virtualServices`, 'a Canary has one VirtualService: routes of the others are not changed any more')
  const [reference] = all
  const rule = policyOf(rollout, istio, input, notes)
  if (reference === undefined) return rule
  const [own = '', namespace = rollout.object.metadata.namespace] = (textAt(reference, 'name') ?? '').split('.')
  const source = input.find('VirtualService', own, namespace)
  if (source === undefined) {
    notes.error(
      rollout,
      `${base}.virtualService`,
      `VirtualService ${own} is not among the files: its hosts, gateways and rules would be lost`
    )
    return rule
  }
  return { ...rule, ...routesOf(source, { reference, name }, notes) }
}

function policyOf(rollout: Source, istio: Readonly<Record<string, unknown>>, input: Input, notes: Notes): Record<string, unknown> {
  const named = textAt(istio, 'destinationRule', 'name')
  const source = named === undefined ? undefined : input.find('DestinationRule', named, rollout.object.metadata.namespace)
  if (source === undefined) return {}
  notes.warn(source, 'metadata.name', 'is not needed any more: one is made for the primary and one for the canary; remove it')
  for (const [index, subset] of listAt(source.object, 'spec', 'subsets').entries()) {
    if (mapAt(subset, 'trafficPolicy') !== undefined)
      notes.warn(source, `spec.subsets[${index}].trafficPolicy`, 'primary and canary have one policy')
  }
  return compact({ trafficPolicy: mapAt(source.object, 'spec', 'trafficPolicy') })
}

const KEPT = ['match', 'rewrite', 'timeout', 'retries', 'headers', 'corsPolicy']

interface Routes {
  readonly reference: unknown
  readonly name: string
}

function routesOf(source: Source, { reference, name }: Routes, notes: Notes): Record<string, unknown> {
  const spec = mapAt(source.object, 'spec') ?? {}
  const http = listAt(spec, 'http')
  const names = listAt(reference, 'routes')
  const at = Math.max(
    0,
    http.findIndex((route) => names.includes(textAt(route, 'name')))
  )
  const route = mapAt(http[at]) ?? {}
  for (const index of http.keys()) {
    if (index === at) continue
    notes.error(
      source,
      `spec.http[${index}]`,
      'a Canary has one rule: put the others into a VirtualService of their own that delegates to it (service.delegation)'
    )
  }
  for (const field of ['tls', 'tcp', 'exportTo']) {
    if (spec[field] !== undefined) notes.error(source, `spec.${field}`, 'has no counterpart in a Canary')
  }
  for (const field of Object.keys(route)) {
    if (!KEPT.includes(field) && field !== 'route' && field !== 'name')
      notes.warn(source, `spec.http[${at}].${field}`, 'has no counterpart in a Canary and is left out')
  }
  notes.warn(source, 'metadata.name', `is replaced by VirtualService ${name}, which is made from the Canary: remove it when that is there`)
  return compact({ hosts: spec['hosts'], gateways: spec['gateways'], ...Object.fromEntries(KEPT.map((field) => [field, route[field]])) })
}
