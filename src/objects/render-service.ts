// The three Services of a Canary: the main one and -primary lead to the primary's pods, -canary to the target's (flagger.md 3.1).

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import type { Plan } from '../canary/plan.ts'
import { discoveredPorts } from './ports.ts'
import type { SelectorLabel } from './render-deployment.ts'
import { FLUX_OPT_OUTS, ownerOf, RESOURCES, type Write } from './write.ts'

export type ServiceRole = 'apex' | 'canary' | 'primary' | 'baseline'

/** What a Service is made from. */
export interface ServiceSource {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly label: SelectorLabel
  /** Whose containers' ports are discovered. */
  readonly target: KubeObject
}

/** Creates the Service of `role`, or corrects ports, selector and our own metadata of a live one; everything else of it stays. */
export function serviceWrites(source: ServiceSource, role: ServiceRole, live: KubeObject | undefined): readonly Write[] {
  const wanted = serviceOf(source, role)
  if (live === undefined) return [{ verb: 'create', resource: RESOURCES.services, object: atCreation(source.canary, wanted) }]
  const body = {
    ...metadataPatch(live, wanted, dig(source.canary, 'spec', 'service', 'unmanagedMetadata')),
    ...specPatch(live, wanted)
  }
  if (Object.keys(body).length === 0) return []
  const { namespace = '', name = '' } = live.metadata
  return [{ verb: 'patch', resource: RESOURCES.services, namespace, name, patch: { kind: 'merge', body } }]
}

/** Gives a Service that was there before the Canary its selector back: the target's pods. */
export function releaseService({ label }: ServiceSource, live: KubeObject): readonly Write[] {
  const { namespace = '', name = '' } = live.metadata
  if (dig(live, 'spec', 'selector', label.key) === label.value) return []
  const body = { spec: { selector: { [label.key]: label.value } } }
  return [{ verb: 'patch', resource: RESOURCES.services, namespace, name, patch: { kind: 'merge', body } }]
}

function serviceOf({ canary, plan, label, target }: ServiceSource, role: ServiceRole): KubeObject {
  const service = dig(canary, 'spec', 'service')
  const name = role === 'apex' ? plan.apex : `${plan.apex}-${role}`
  const port = dig(service, 'port')
  const appProtocol = dig(service, 'appProtocol')
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: plan.namespace,
      labels: { ...texts(dig(service, role, 'labels')), [label.key]: name },
      annotations: { ...texts(dig(service, role, 'annotations')), ...FLUX_OPT_OUTS },
      ownerReferences: [ownerOf(canary)]
    },
    spec: {
      type: 'ClusterIP',
      selector: { [label.key]: role === 'canary' ? label.value : `${label.value}-${role === 'baseline' ? role : 'primary'}` },
      ports: [
        {
          name: dig(service, 'portName') ?? 'http',
          protocol: 'TCP',
          port,
          targetPort: targetPort(dig(service, 'targetPort')) ?? port,
          ...(appProtocol === undefined ? {} : { appProtocol })
        },
        ...discoveredPorts(service, target)
      ]
    }
  }
}

// What cannot be changed later, or what Flagger does not (flagger.md 1.3).
function atCreation(canary: KubeObject, wanted: KubeObject): KubeObject {
  const service = dig(canary, 'spec', 'service')
  const trafficDistribution = dig(service, 'trafficDistribution')
  const spec = {
    ...(dig(service, 'headless') === true ? { clusterIP: 'None' } : {}),
    ...(trafficDistribution === undefined ? {} : { trafficDistribution })
  }
  return { ...wanted, spec: { ...Object(wanted['spec']), ...spec } }
}

function targetPort(value: unknown): unknown {
  return value === 0 || value === '' || value === '0' ? undefined : value
}

// A key that the Canary calls unmanaged is set at creation and left alone where it is.
function metadataPatch(live: KubeObject, wanted: KubeObject, unmanaged: unknown): Record<string, unknown> {
  const missing = (key: 'labels' | 'annotations'): Record<string, string> => {
    const [left, now] = [dig(unmanaged, key), live.metadata[key] ?? {}]
    const isLeft = (name: string): boolean => Array.isArray(left) && left.includes(name) && Object.hasOwn(now, name)
    return Object.fromEntries(Object.entries(wanted.metadata[key] ?? {}).filter(([name, value]) => now[name] !== value && !isLeft(name)))
  }
  const [labels, annotations] = [missing('labels'), missing('annotations')]
  const metadata = {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations })
  }
  return Object.keys(metadata).length === 0 ? {} : { metadata }
}

function specPatch(live: KubeObject, wanted: KubeObject): Record<string, unknown> {
  const ports = listAt(live, 'ports')
  const wantedPorts = listAt(wanted, 'ports').map((port, index) => ({ ...ports[index], ...port }))
  const selector = dig(live, 'spec', 'selector')
  const wantedSelector = dig(wanted, 'spec', 'selector')
  const others = Object.keys(isObject(selector) ? selector : {}).map((key) => [key, null] as const)
  const spec = {
    ...(sameJson(ports, wantedPorts) ? {} : { ports: wantedPorts }),
    ...(sameJson(selector, wantedSelector) ? {} : { selector: { ...Object.fromEntries(others), ...texts(wantedSelector) } })
  }
  return Object.keys(spec).length === 0 ? {} : { spec }
}

function listAt(service: KubeObject, key: string): readonly Record<string, unknown>[] {
  const found = dig(service, 'spec', key)
  return Array.isArray(found) ? found.filter(isObject) : []
}

function texts(value: unknown): Record<string, string> {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {}
}
