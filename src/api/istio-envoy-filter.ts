// EnvoyFilter (networking.istio.io): patches of Envoy's configuration. Of these routing reads local rate limits; the rest is stored, shown and named.

import { labelledWorkloads, port, targetRef } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, atMostOne, choice, freeform, int32, map, object, ruled, string, uint32 } from './schema-builder.ts'

const APPLY_TO = [
  'INVALID',
  'LISTENER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
  'EXTENSION_CONFIG',
  'BOOTSTRAP',
  'LISTENER_FILTER'
] as const
const OPERATIONS = ['INVALID', 'MERGE', 'ADD', 'REMOVE', 'INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST', 'REPLACE'] as const

const name = string('Name.')
const portNumber = uint32('Port number.')
const portName = string('Name of the port.')
const filter = object('A filter.', { name, subFilter: object('A filter inside it.', { name }) })

const match = ruled(
  object(
    'What is patched.',
    {
      cluster: object('Clusters.', { name, portNumber, service: string('Host of the service.'), subset: string('Subset.') }),
      context: choice('Which proxies.', 'ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT'),
      listener: object('Listeners.', {
        filterChain: object('Filter chains.', {
          applicationProtocols: string('Protocols, comma separated.'),
          destinationPort: uint32('Port called.'),
          filter,
          name,
          sni: string('Server name.'),
          transportProtocol: string('tls or raw_buffer.')
        }),
        listenerFilter: string('A listener filter.'),
        name,
        portName,
        portNumber
      }),
      proxy: object('Proxies.', { metadata: map('Their metadata.', string('Value.')), proxyVersion: string('Expression on the version.') }),
      routeConfiguration: object('Routes.', {
        gateway: string('Gateway.'),
        name,
        portName,
        portNumber,
        vhost: object('Virtual hosts.', {
          domainName: string('Domain.'),
          name,
          route: object('Routes.', { action: choice('What they do.', 'ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE'), name })
        })
      }),
      waypoint: object('Waypoints.', { filter, portNumber: port('Port number.'), route: object('Routes.', { name }) })
    },
    atMostOne('listener', 'routeConfiguration', 'cluster', 'waypoint')
  ),
  ["(has(self.context) && self.context == 'WAYPOINT') == has(self.waypoint)", 'only support waypointMatch when context is WAYPOINT']
)

/** spec of an EnvoyFilter. */
export const envoyFilterSpec = ruled(
  object("Patches of Envoy's configuration.", {
    configPatches: array(
      'The patches.',
      object('A patch.', {
        applyTo: choice('Which part is patched.', ...APPLY_TO),
        match,
        patch: object('The change.', {
          filterClass: choice('Where filters go.', 'UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
          operation: choice('How it is changed.', ...OPERATIONS),
          value: freeform('Configuration as Envoy writes it.')
        })
      })
    ),
    priority: int32('Order among filters; lower first.'),
    targetRefs: array('Objects it applies to.', targetRef, { maxItems: 16 }),
    workloadSelector: labelledWorkloads
  }),
  ['!(has(self.workloadSelector) && has(self.targetRefs))', 'only one of targetRefs or workloadSelector can be set']
)
/** spec of an EnvoyFilter. */
export type EnvoyFilterSpec = Infer<typeof envoyFilterSpec>

/** Patches of Envoy's configuration. */
export interface EnvoyFilter extends KubeObject {
  readonly kind: 'EnvoyFilter'
  readonly spec: EnvoyFilterSpec
  readonly status?: IstioStatus
}
