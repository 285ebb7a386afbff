// What changed between two tables, in an order that is safe while requests run: what routes need comes before them, what they no longer
// need goes after them. A cluster that loses endpoints while it gains others is first grown, then shrunk.

import { sameJson } from '../std/json.ts'
import type { ClusterId } from './decision.ts'
import type { Cluster, Endpoint, RouteTable, TableChange } from './route-table.ts'

/** The changes that lead from `before` to `after`; applied in order to a Router of `before` they give one of `after`. */
export function diffTables(before: RouteTable, after: RouteTable): TableChange[] {
  const { version } = after
  const clusters = diffClusters(before, after)
  const limits = diffLimits(before, after)
  const changes: TableChange[] = [...clusters.first, ...limits.first]
  for (const [id, entry] of Object.entries(after.entries)) {
    if (!sameJson(before.entries[id], entry)) changes.push({ kind: 'put-entry', version, entry })
  }
  const scopes = diffScopes(before, after)
  changes.push(...scopes.first)
  if (!sameJson(before.sourceLabels, after.sourceLabels)) changes.push({ kind: 'source-labels', version, sourceLabels: after.sourceLabels })
  changes.push(...scopes.last)
  for (const entry of Object.keys(before.entries))
    if (after.entries[entry] === undefined) changes.push({ kind: 'remove-entry', version, entry })
  changes.push(...limits.last, ...clusters.last)
  return changes
}

/** Changes in two parts. */
export interface Phases {
  readonly first: TableChange[]
  readonly last: TableChange[]
}

function diffClusters(before: RouteTable, after: RouteTable): Phases {
  const { version } = after
  const phases: Phases = { first: [], last: [] }
  for (const id of new Set([...Object.keys(after.clusters), ...Object.keys(before.clusters)])) {
    const steps = clusterSteps(before.clusters[id], after.clusters[id], { id, version })
    phases.first.push(...steps.first)
    phases.last.push(...steps.last)
  }
  return phases
}

/** How one cluster becomes another: what comes before the routes that need it, and what goes after those that no longer do. */
export function clusterSteps(
  before: Cluster | undefined,
  after: Cluster | undefined,
  { id, version }: { readonly id: ClusterId; readonly version: number }
): Phases {
  if (after === undefined) return { first: [], last: before === undefined ? [] : [{ kind: 'remove-cluster', version, cluster: id }] }
  if (before !== undefined && sameJson(before, after)) return { first: [], last: [] }
  const leaving = before === undefined ? [] : before.endpoints.filter((endpoint) => !has(after.endpoints, endpoint))
  const put: TableChange = { kind: 'put-cluster', version, cluster: after }
  if (before === undefined || leaving.length === 0) return { first: [put], last: [] }
  const grows = after.endpoints.some((endpoint) => !has(before.endpoints, endpoint))
  const grown: Cluster = { ...after, endpoints: [...after.endpoints, ...leaving] }
  const first = grows || !sameJson({ ...before, endpoints: [] }, { ...after, endpoints: [] })
  return { first: first ? [{ kind: 'put-cluster', version, cluster: grown }] : [], last: [put] }
}

function has(endpoints: readonly Endpoint[], wanted: Endpoint): boolean {
  return endpoints.some(({ address, port }) => address === wanted.address && port === wanted.port)
}

function diffLimits(before: RouteTable, after: RouteTable): Phases {
  const { version } = after
  const phases: Phases = { first: [], last: [] }
  for (const [id, limit] of Object.entries(after.limits))
    if (!sameJson(before.limits[id], limit)) phases.first.push({ kind: 'put-limit', version, id, limit })
  for (const [key, limits] of Object.entries(after.inbound))
    if (!sameJson(before.inbound[key], limits)) phases.first.push({ kind: 'put-inbound', version, key, limits })
  for (const key of Object.keys(before.inbound))
    if (after.inbound[key] === undefined) phases.last.push({ kind: 'remove-inbound', version, key })
  for (const id of Object.keys(before.limits)) if (after.limits[id] === undefined) phases.last.push({ kind: 'remove-limit', version, id })
  return phases
}

function diffScopes(before: RouteTable, after: RouteTable): Phases {
  const { version } = after
  const phases: Phases = { first: [], last: [] }
  for (const [scope, { hosts, ...head }] of Object.entries(after.scopes)) {
    const { hosts: bound = {}, ...old } = before.scopes[scope] ?? {}
    if (!sameJson(old, head)) phases.first.push({ kind: 'put-scope', version, scope: head })
    for (const [host, entry] of Object.entries(hosts))
      if (bound[host] !== entry) phases.first.push({ kind: 'bind', version, scope, host, entry })
    for (const host of Object.keys(bound)) if (hosts[host] === undefined) phases.last.push({ kind: 'unbind', version, scope, host })
  }
  for (const scope of Object.keys(before.scopes)) {
    if (after.scopes[scope] === undefined) phases.last.push({ kind: 'remove-scope', version, scope })
  }
  return phases
}
