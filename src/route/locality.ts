// What a DestinationRule says about near and far endpoints, as priorities and shares for one caller (istio.md 2.5): distribution over
// localities, or failover by locality or by labels. How traffic then moves with health is priority-load.ts's to say.

import type { LoadBalancer } from '../api/istio-traffic-policy.ts'
import type { EffectivePolicy } from './destination-rules.ts'
import type { Endpoint, LocalityShare } from './route-table.ts'
import { localityOfLabels, partsOf, withTopology } from './topology.ts'
import type { LabelledEndpoint } from './workload-entries.ts'

type Labels = Readonly<Record<string, string>>
type Setting = NonNullable<LoadBalancer['localityLbSetting']>

/** Who calls, as locality rules see it. */
export interface LocalCaller {
  readonly locality: string
  /** Topology labels included. */
  readonly labels: Labels
}

/** The endpoints of a cluster for one caller. */
export interface Localized {
  readonly endpoints: readonly Endpoint[]
  readonly localities: readonly LocalityShare[] | undefined
}

/** A caller by its labels; those that do not say where they are, are at `locality`. */
export function localCaller(labels: Labels, locality: string): LocalCaller {
  const own = localityOfLabels(labels)
  const at = own === '' ? locality : own
  return { locality: at, labels: withTopology(labels, at) }
}

interface Group {
  readonly locality: string
  readonly priority: number
  readonly members: readonly LabelledEndpoint[]
  /** Set where a distribution gives it a share of its own. */
  readonly share?: number
}

/**
 * Gives endpoints their priorities and localities their shares. Failover, by locality as by labels, is only done with outlier detection,
 * without which nobody would ever be found unhealthy. `named`: endpoints come from names; labels do not order them.
 */
export function localize(members: readonly LabelledEndpoint[], policy: EffectivePolicy, caller: LocalCaller, named = false): Localized {
  const setting = settingOf(policy)
  const near = [...Map.groupBy(members, ({ endpoint }) => endpoint.locality)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const groups = near.map(([locality, list]): Group => ({ locality, priority: 0, members: list }))
  if (setting === undefined) return result(groups, members, false)
  if (setting.distribute !== undefined) return result(distribute(groups, setting.distribute, caller), members, true)
  if (policy.outlierDetection === undefined) return result(groups, members, false)
  const weighted = setting.failover !== undefined || setting.failoverPriority !== undefined
  return result(failOver(groups, setting, { caller, named }), members, weighted)
}

/** The rule's own setting, else the mesh's, which is on and says nothing more. */
function settingOf({ loadBalancer }: EffectivePolicy): Setting | undefined {
  const { enabled, distribute: shares = [], failover = [], failoverPriority = [] } = loadBalancer?.localityLbSetting ?? {}
  if (enabled === false) return undefined
  // Empty lists are none.
  return {
    ...(shares.length > 0 ? { distribute: shares } : {}),
    ...(failover.length > 0 ? { failover } : {}),
    ...(failoverPriority.length > 0 ? { failoverPriority } : {})
  }
}

/** True when callers at different places, or with different labels, get different results. */
export function asksWhere(members: readonly LabelledEndpoint[], policy: EffectivePolicy): boolean {
  const setting = settingOf(policy)
  if (setting === undefined) return false
  if (setting.distribute !== undefined) return true
  if (policy.outlierDetection === undefined) return false
  return (setting.failoverPriority ?? []).length > 0 || members.some(({ endpoint }) => endpoint.locality !== members[0]?.endpoint.locality)
}

/** The labels of callers that the failover priorities of a policy compare; those with a value of their own ask nothing. */
export function askedLabels({ loadBalancer }: EffectivePolicy): string[] {
  return (loadBalancer?.localityLbSetting?.failoverPriority ?? []).filter((entry) => !entry.includes('='))
}

function result(groups: readonly Group[], members: readonly LabelledEndpoint[], weighted: boolean): Localized {
  const priorities = new Map(groups.flatMap((group) => group.members.map((member) => [member, group.priority] as const)))
  const endpoints = members.flatMap((member) => {
    const priority = priorities.get(member)
    return priority === undefined ? [] : [priority === 0 ? member.endpoint : { ...member.endpoint, priority }]
  })
  const localities = groups.map(({ locality, priority, members: list, share }) => ({ locality, priority, weight: share ?? weightOf(list) }))
  return { endpoints, localities: weighted ? localities : undefined }
}

function weightOf(members: readonly LabelledEndpoint[]): number {
  return members.reduce((sum, { endpoint }) => sum + endpoint.weight, 0)
}

/** The first entry for the caller's place gives shares, divided by weight where a pattern covers several; other localities get nothing. */
function distribute(groups: readonly Group[], entries: NonNullable<Setting['distribute']>, { locality }: LocalCaller): Group[] {
  const entry = entries.find(({ from = '' }) => covers(from, locality))
  if (entry === undefined) return [...groups]
  const left = new Set(groups)
  return Object.entries(entry.to ?? {}).flatMap(([pattern, percent]) => {
    const covered = [...left].filter((group) => covers(pattern, group.locality))
    const total = covered.reduce((sum, { members }) => sum + weightOf(members), 0)
    return covered.map((group): Group => {
      left.delete(group)
      return { ...group, share: Math.ceil((weightOf(group.members) * percent) / total) }
    })
  })
}

/** `*` and trailing parts that are left out cover everything. */
function covers(pattern: string, locality: string): boolean {
  const wanted = partsOf(pattern)
  return partsOf(locality).every((part, at) => {
    const want = wanted[at] ?? ''
    return want === '*' || want === part || (want === '' && at > 0)
  })
}

function failOver(
  groups: readonly Group[],
  { failover = [], failoverPriority = [] }: Setting,
  { caller, named }: { readonly caller: LocalCaller; readonly named: boolean }
): Group[] {
  if (failoverPriority.length === 0) return compacted(groups.map((group) => nearness(group, failover, caller)))
  const ordered =
    named || Object.keys(caller.labels).length === 0
      ? groups
      : compacted(groups.flatMap((group) => byLabels(group, failoverPriority, caller)))
  return failover.length === 0 ? [...ordered] : compacted(ordered.map((group) => nearness(group, failover, caller)))
}

/** 0 the same subzone, 1 the same zone, 2 the same region, 3 another one, 4 another one than the region's failover; inside what there is. */
function nearness(group: Group, failover: NonNullable<Setting['failover']>, { locality }: LocalCaller): Group {
  const mine = partsOf(locality)
  const [region] = partsOf(group.locality)
  const differs = partsOf(group.locality).findIndex((part, at) => part !== mine[at])
  const distance = differs < 0 ? 0 : 3 - differs
  const next = failover.find(({ from }) => from === mine[0])
  const far = distance === 3 && next !== undefined && next.to !== region
  return { ...group, priority: group.priority * 5 + (far ? 4 : distance) }
}

/** Endpoints by how many labels they share with the caller, compared from the first and up to the first that differs. */
function byLabels(group: Group, entries: readonly string[], caller: LocalCaller): Group[] {
  const wanted = entries.map((entry): readonly [string, string | undefined] => {
    const [label = '', value] = entry.split('=')
    return [label, value ?? caller.labels[label]]
  })
  const parts = Map.groupBy(group.members, ({ labels }) => {
    const differs = wanted.findIndex(([label, value]) => (value ?? '') !== (labels[label] ?? ''))
    return differs < 0 ? 0 : entries.length - differs
  })
  return [...parts].toSorted(([a], [b]) => a - b).map(([priority, members]) => ({ ...group, priority, members }))
}

/** Consecutive priorities from 0. */
function compacted(groups: readonly Group[]): Group[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].toSorted((a, b) => a - b)
  return groups.map((group) => ({ ...group, priority: used.indexOf(group.priority) }))
}
