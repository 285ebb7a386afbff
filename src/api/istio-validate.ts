// Istio's admission check: what istiod's validating webhook says of one object, without looking at others (istio.md 7.0-7.4). One place, for
// the API's admission, for lint, and for the compiler's check of rules that cannot work. Which kinds it judges stands in the table here.

import type { IstioFault } from './istio-fault.ts'
import { refuseIf } from './istio-fault.ts'
import { ISTIO_KINDS } from './istio-kinds.ts'
import { validateDestinationRule } from './istio-validate-destination-rule.ts'
import { validateEnvoyFilter } from './istio-validate-envoy-filter.ts'
import { validateGateway } from './istio-validate-gateway.ts'
import { validateRequestAuthentication } from './istio-validate-request-authentication.ts'
import { validateServiceEntry, validateWorkloadEntry } from './istio-validate-service-entry.ts'
import { validateSidecar } from './istio-validate-sidecar.ts'
import { validateVirtualService } from './istio-validate-virtual-service.ts'
import { validateWorkloadGroup } from './istio-validate-workload-group.ts'
import type { KubeObject } from './object.ts'

// Each takes the object of its own kind; the table is read by the kind that the object names, after its schema was checked.
const CHECKS: Readonly<Record<string, (object: never) => readonly IstioFault[]>> = {
  DestinationRule: validateDestinationRule,
  EnvoyFilter: validateEnvoyFilter,
  Gateway: validateGateway,
  RequestAuthentication: validateRequestAuthentication,
  ServiceEntry: validateServiceEntry,
  Sidecar: validateSidecar,
  VirtualService: validateVirtualService,
  WorkloadEntry: validateWorkloadEntry,
  WorkloadGroup: validateWorkloadGroup
}

/**
 * Errors and warnings of an object of Istio's that its schema allows, in the order of its fields; [] for all other objects. An
 * absent spec counts as an empty one.
 */
export function validateIstio(object: KubeObject): readonly IstioFault[] {
  const check = CHECKS[object.kind]
  if (check === undefined || !isServed(object)) return []
  const complete = object['spec'] === undefined ? { ...object, spec: {} } : object
  return [...checkAnnotations(object), ...check(complete as never)]
}

/** Only of versions with a schema here is the content known. */
function isServed({ apiVersion, kind }: KubeObject): boolean {
  return ISTIO_KINDS.some((one) => one.kind === kind && one.versions.some(({ name }) => apiVersion === `${one.group}/${name}`))
}

/** Annotations that Istio keeps for itself, or for another kind. */
function checkAnnotations({ metadata: { annotations = {} } }: KubeObject): IstioFault[] {
  return Object.keys(annotations).flatMap((name) => [
    ...refuseIf(name === 'istio.io/dry-run', at(name), `annotation ${name} is supported on AuthorizationPolicy only`),
    ...refuseIf(INTERNAL.includes(name), at(name), `annotation ${name} is internal to Istio`)
  ])
}

const INTERNAL = ['internal.istio.io/webhook-always-reject', 'internal.istio.io/parents', 'internal.istio.io/parent-namespace']

function at(name: string): string {
  return `metadata.annotations["${name}"]`
}

/** The message of istiod's webhook for an object with these faults; undefined when none is an error. Places follow each sentence. */
export function denialOf(faults: readonly IstioFault[]): string | undefined {
  const texts = faults.flatMap(({ severity, message, path }) => (severity === 'error' ? [`${message} (${path})`] : []))
  if (texts.length === 0) return undefined
  const [first = ''] = texts
  const list = texts.length === 1 ? first : `${texts.length} errors occurred:\n${texts.map((text) => `\t* ${text}\n`).join('')}\n`
  return `configuration is invalid: ${list}`
}
