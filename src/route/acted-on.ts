// Which fields of Istio's kinds routing acts on, as one table. What is set and not in the table is named to the user as not applied yet,
// so that a field can be forgotten here but never be ignored in silence; acted-on.test.ts holds the table against the compiler.

import { isObject } from '../std/json.ts'

/** All of the value is acted on, whatever is below it. */
export const ACTED = 'acted-on'

/** Istio does nothing with the value that could be done here; the reason is for readers of the table. */
interface Idle {
  readonly idle: string
}

/** Acted on for some values; for the others the field is named. */
interface Partly {
  readonly only: (value: unknown) => boolean
  /** What is named for the others; default: the field. */
  readonly called: string | undefined
}

interface Inside {
  readonly fields: Readonly<Record<string, Treatment>>
}

/** What becomes of a field; items of a list are treated as the list says. */
export type Treatment = typeof ACTED | Idle | Partly | Inside

/** A field that is set and not acted on: its path and its name for people. */
export interface Unacted {
  readonly path: string
  readonly field: string
}

function inside(fields: Readonly<Record<string, Treatment>>): Inside {
  return { fields }
}

function only(test: (value: unknown) => boolean, called?: string): Partly {
  return { only: test, called }
}

function each(...names: readonly string[]): Record<string, Treatment> {
  return Object.fromEntries(names.map((name) => [name, ACTED]))
}

const HTTP_MATCH = inside({
  ...each('authority', 'headers', 'ignoreUriCase', 'method', 'name', 'port', 'queryParams', 'scheme', 'uri', 'withoutHeaders'),
  ...each('gateways', 'sourceLabels', 'sourceNamespace')
})

const HTTP_ROUTE = inside({
  ...each('directResponse', 'headers', 'name', 'redirect', 'rewrite', 'timeout'),
  match: HTTP_MATCH,
  retries: inside(each('attempts', 'backoff', 'perTryTimeout', 'retryIgnorePreviousHosts', 'retryOn')),
  route: inside(each('destination', 'headers', 'weight'))
})

const VIRTUAL_SERVICE = inside({ ...each('exportTo', 'gateways', 'hosts'), http: HTTP_ROUTE })

const PLAIN_TLS = only((tls) => isObject(tls) && tls['mode'] === 'DISABLE')

const POLICY_BLOCKS = {
  connectionPool: inside({
    http: inside({
      ...each('http1MaxPendingRequests', 'http2MaxRequests', 'idleTimeout', 'maxRequestsPerConnection', 'maxRetries'),
      h2UpgradePolicy: only((policy) => policy !== 'UPGRADE'),
      useClientProtocol: only((use) => use !== true)
    }),
    tcp: inside(each('connectTimeout', 'idleTimeout', 'maxConnections'))
  }),
  loadBalancer: inside({ simple: only((rule) => rule !== 'PASSTHROUGH', 'PASSTHROUGH') }),
  tls: PLAIN_TLS
}

const TRAFFIC_POLICY = inside({ ...POLICY_BLOCKS, portLevelSettings: inside({ ...POLICY_BLOCKS, port: ACTED }) })

const DESTINATION_RULE = inside({
  ...each('exportTo', 'host'),
  subsets: inside({ ...each('labels', 'name'), trafficPolicy: TRAFFIC_POLICY }),
  trafficPolicy: TRAFFIC_POLICY
})

const NAME_ONLY: Idle = { idle: 'a name for people' }

/** Labels of the gateways that Istio installs; any other selector is named, since every Gateway is served here. */
const GATEWAY_LABELS: Readonly<Record<string, string>> = { istio: 'ingressgateway', app: 'istio-ingressgateway' }

function selectsDefault(selector: unknown): boolean {
  return isObject(selector) && Object.entries(selector).every(([key, value]) => GATEWAY_LABELS[key] === value)
}

/** The treatment of a Gateway's server of plain HTTP; others are not served at all. */
export const GATEWAY_SERVER: Treatment = inside({
  hosts: ACTED,
  name: NAME_ONLY,
  defaultEndpoint: { idle: 'Istio does not read it' },
  port: inside({ ...each('number', 'protocol'), name: NAME_ONLY, targetPort: { idle: 'Istio does not read it' } }),
  tls: inside(each('httpsRedirect'))
})

const GATEWAY = inside({
  selector: only(selectsDefault, 'the choice of proxies by selector (every Gateway is served here)'),
  servers: GATEWAY_SERVER
})

const SERVICE_ENTRY = inside({
  ...each('addresses', 'exportTo', 'hosts', 'ports'),
  endpoints: inside(each('address', 'labels', 'ports', 'weight')),
  location: { idle: 'it decides about mutual TLS, which the embedded mesh does not have' },
  resolution: only((resolution) => resolution === 'STATIC' || resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN', 'this resolution')
})

/** The treatment of `spec` by kind; kinds of Istio's that are not here are not acted on at all. */
export const ACTED_ON = {
  VirtualService: VIRTUAL_SERVICE,
  DestinationRule: DESTINATION_RULE,
  Gateway: GATEWAY,
  ServiceEntry: SERVICE_ENTRY
} as const satisfies Readonly<Record<string, Treatment>>

/** Every field of `value` that is set and not acted on, outermost only, in the order of the value. False, '', null and [] are not set. */
export function unactedFields(treatment: Treatment, value: unknown, path: string): Unacted[] {
  if (treatment === ACTED || 'idle' in treatment || !isSet(value)) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => unactedFields(treatment, item, `${path}[${index}]`))
  if ('only' in treatment) return treatment.only(value) ? [] : [unacted(path, treatment.called)]
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = Object.hasOwn(treatment.fields, name) ? treatment.fields[name] : undefined
    if (inner !== undefined) return unactedFields(inner, field, `${path}.${name}`)
    return isSet(field) ? [unacted(`${path}.${name}`)] : []
  })
}

function unacted(path: string, called?: string): Unacted {
  return { path, field: called ?? path.slice(path.lastIndexOf('.') + 1) }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)
}
