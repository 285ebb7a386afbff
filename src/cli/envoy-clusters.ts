// Envoy's /clusters: the clusters in force with their limits, and their endpoints with weight, place and health.

import type { Cluster, Endpoint } from '../route/route-table.ts'
import type { MeshCounts } from './mesh-stats-list.ts'

/** Lines as Envoy words them, sorted by cluster. */
export function clustersText(counts: MeshCounts): string {
  const lines = inOrder(counts).flatMap((cluster) => [
    ...limitLines(cluster),
    ...cluster.endpoints.flatMap((endpoint) => endpointLines(counts, cluster.id, endpoint))
  ])
  return lines.map((line) => `${line}\n`).join('')
}

/** The same as Envoy's JSON, to be written out. */
export function clustersStatus(counts: MeshCounts): unknown {
  return { cluster_statuses: inOrder(counts).map((cluster) => clusterStatus(counts, cluster)) }
}

function inOrder({ table }: MeshCounts): Cluster[] {
  return Object.values(table.clusters).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function limitLines({ id, maxConnections, maxPendingRequests, maxRequests, maxRetries }: Cluster): string[] {
  return [
    `${id}::observability_name::${id}`,
    `${id}::default_priority::max_connections::${maxConnections}`,
    `${id}::default_priority::max_pending_requests::${maxPendingRequests}`,
    `${id}::default_priority::max_requests::${maxRequests}`,
    `${id}::default_priority::max_retries::${maxRetries}`,
    `${id}::added_via_api::true`
  ]
}

function endpointLines({ stats }: MeshCounts, id: string, endpoint: Endpoint): string[] {
  const key = `${endpoint.address}:${endpoint.port}`
  const { region, zone, subZone } = placeOf(endpoint)
  const facts = {
    hostname: '',
    health_flags: stats.isEjected(id, key) ? '/failed_outlier_check' : 'healthy',
    weight: endpoint.weight,
    region,
    zone,
    sub_zone: subZone,
    priority: endpoint.priority
  }
  return Object.entries(facts).map(([name, value]) => `${id}::${key}::${name}::${value}`)
}

function clusterStatus({ stats }: MeshCounts, { id, endpoints }: Cluster): unknown {
  return {
    name: id,
    added_via_api: true,
    host_statuses: endpoints.map((endpoint) => {
      const { address, port, weight, priority } = endpoint
      const { region, zone, subZone } = placeOf(endpoint)
      const ejected = stats.isEjected(id, `${address}:${port}`) ? { failed_outlier_check: true } : {}
      return {
        address: { socket_address: { address, port_value: port } },
        health_status: { ...ejected, eds_health_status: 'HEALTHY' },
        weight,
        priority,
        locality: { region, zone, sub_zone: subZone }
      }
    })
  }
}

function placeOf({ locality }: Endpoint): { readonly region: string; readonly zone: string; readonly subZone: string } {
  const [region = '', zone = '', subZone = ''] = locality.split('/')
  return { region, zone, subZone }
}
