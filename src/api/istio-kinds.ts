// The kinds of networking.istio.io, and of security.istio.io those that routing reads, as the API serves them: names, versions and columns as in Istio's own CRDs.

import { CUSTOM_TEXT } from './custom-text.ts'
import { istioStatus } from './istio-common.ts'
import { destinationRuleSpec } from './istio-destination-rule.ts'
import { envoyFilterSpec } from './istio-envoy-filter.ts'
import { gatewaySpec } from './istio-gateway.ts'
import { proxyConfigSpec } from './istio-proxy-config.ts'
import { requestAuthenticationSpec } from './istio-request-authentication.ts'
import { serviceEntrySpec } from './istio-service-entry.ts'
import { sidecarSpec } from './istio-sidecar.ts'
import { virtualServiceSpec } from './istio-virtual-service.ts'
import { workloadEntrySpec } from './istio-workload-entry.ts'
import { workloadGroupSpec } from './istio-workload-group.ts'
import type { KindSpec, PrinterColumn } from './kind.ts'
import { wholeObject } from './object-schema.ts'
import type { Schema } from './schema.ts'

interface Names {
  readonly kind: keyof typeof CUSTOM_TEXT
  readonly plural: string
  readonly shortNames: readonly string[]
  /** Preferred first; the first is also the stored one. */
  readonly versions: readonly string[]
  /** Default networking. */
  readonly family?: 'security'
}

// Newest first, as discovery prefers them.
const ALL_VERSIONS = ['v1', 'v1beta1', 'v1alpha3']
// also what a CRD without columns of its own gets
const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'When it was made.' }

/** VirtualService in v1, v1beta1 and v1alpha3. */
export const virtualServiceKind = kind(
  { kind: 'VirtualService', plural: 'virtualservices', shortNames: ['vs'], versions: ALL_VERSIONS },
  { spec: virtualServiceSpec },
  [column('Gateways', '.spec.gateways', 'Gateways that apply it.'), column('Hosts', '.spec.hosts', 'Hosts it is for.'), AGE]
)

/** DestinationRule in v1, v1beta1 and v1alpha3. */
export const destinationRuleKind = kind(
  { kind: 'DestinationRule', plural: 'destinationrules', shortNames: ['dr'], versions: ALL_VERSIONS },
  { spec: destinationRuleSpec },
  [column('Host', '.spec.host', 'Host it is for.'), AGE]
)

/** Gateway in v1, v1beta1 and v1alpha3. */
export const gatewayKind = kind(
  { kind: 'Gateway', plural: 'gateways', shortNames: ['gw'], versions: ALL_VERSIONS },
  { spec: gatewaySpec },
  [AGE]
)

/** ServiceEntry in v1, v1beta1 and v1alpha3. */
export const serviceEntryKind = kind(
  { kind: 'ServiceEntry', plural: 'serviceentries', shortNames: ['se'], versions: ALL_VERSIONS },
  { spec: serviceEntrySpec, required: ['spec'] },
  [
    column('Hosts', '.spec.hosts', 'The hosts.'),
    column('Location', '.spec.location', 'Whether they are part of the mesh.'),
    column('Resolution', '.spec.resolution', 'How endpoints are found.'),
    AGE
  ]
)

/** WorkloadEntry in v1, v1beta1 and v1alpha3. */
export const workloadEntryKind = kind(
  { kind: 'WorkloadEntry', plural: 'workloadentries', shortNames: ['we'], versions: ALL_VERSIONS },
  { spec: workloadEntrySpec, required: ['spec'] },
  [AGE, column('Address', '.spec.address', 'Address of the endpoint.')]
)

/** WorkloadGroup in v1, v1beta1 and v1alpha3. */
export const workloadGroupKind = kind(
  { kind: 'WorkloadGroup', plural: 'workloadgroups', shortNames: ['wg'], versions: ALL_VERSIONS },
  { spec: workloadGroupSpec, required: ['spec'] },
  [AGE]
)

/** Sidecar in v1, v1beta1 and v1alpha3. */
export const sidecarKind = kind({ kind: 'Sidecar', plural: 'sidecars', shortNames: [], versions: ALL_VERSIONS }, { spec: sidecarSpec }, [
  AGE
])

/** EnvoyFilter, v1alpha3 only. */
export const envoyFilterKind = kind(
  { kind: 'EnvoyFilter', plural: 'envoyfilters', shortNames: [], versions: ['v1alpha3'] },
  { spec: envoyFilterSpec },
  [AGE]
)

/** ProxyConfig, v1beta1 only. */
export const proxyConfigKind = kind(
  { kind: 'ProxyConfig', plural: 'proxyconfigs', shortNames: [], versions: ['v1beta1'] },
  { spec: proxyConfigSpec },
  [AGE]
)

/** RequestAuthentication in v1 and v1beta1. */
export const requestAuthenticationKind = kind(
  { kind: 'RequestAuthentication', plural: 'requestauthentications', shortNames: ['ra'], versions: ['v1', 'v1beta1'], family: 'security' },
  { spec: requestAuthenticationSpec },
  [AGE]
)

/** All kinds of networking.istio.io, and RequestAuthentication. */
export const ISTIO_KINDS: readonly KindSpec[] = [
  virtualServiceKind,
  destinationRuleKind,
  gatewayKind,
  serviceEntryKind,
  workloadEntryKind,
  workloadGroupKind,
  sidecarKind,
  envoyFilterKind,
  proxyConfigKind,
  requestAuthenticationKind
]

function kind(
  names: Names,
  fields: { readonly spec: Schema; readonly required?: readonly string[] },
  columns: readonly PrinterColumn[]
): KindSpec {
  const { spec, required } = fields
  const { family = 'networking' } = names
  const schema = wholeObject({
    description: CUSTOM_TEXT[names.kind],
    properties: { spec, status: istioStatus },
    ...(required && { required })
  })
  return {
    group: `${family}.istio.io`,
    kind: names.kind,
    listKind: `${names.kind}List`,
    plural: names.plural,
    singular: names.kind.toLowerCase(),
    shortNames: names.shortNames,
    categories: ['istio-io', `${family}-istio-io`],
    scope: 'Namespaced',
    versions: names.versions.map((name, index) => ({ name, served: true, storage: index === 0, schema, columns })),
    origin: 'custom',
    status: 'subresource',
    selectableFields: []
  }
}

function column(name: string, jsonPath: string, description: string): PrinterColumn {
  return { name, type: 'string', jsonPath, description }
}
