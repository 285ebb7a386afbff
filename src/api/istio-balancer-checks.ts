// Load balancers of a DestinationRule, as Istio's admission check judges them (istio.md 7.2): hashing, localities, warm-up.

import { each, eachValue, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import type { ConsistentHash, LoadBalancer } from './istio-traffic-policy.ts'
import { checkDuration } from './istio-value-checks.ts'

/** A load balancer; `ejects`: whether outlier detection is set beside it. */
export function checkLoadBalancer(balancer: LoadBalancer | undefined, path: string, beside: { readonly ejects: boolean }): IstioFault[] {
  if (balancer === undefined) return []
  return [
    ...checkHash(balancer.consistentHash, `${path}.consistentHash`),
    ...checkLocality(balancer.localityLbSetting, `${path}.localityLbSetting`, beside),
    ...checkDuration(balancer.warmupDurationSecs, `${path}.warmupDurationSecs`),
    ...checkWarmup(balancer.warmup, `${path}.warmup`)
  ]
}

function checkWarmup(warmup: LoadBalancer['warmup'], path: string): IstioFault[] {
  if (warmup === undefined) return []
  const { aggression, minimumPercent } = warmup
  return [
    ...checkDuration(warmup.duration, `${path}.duration`),
    ...refuseIf((minimumPercent ?? 0) > 100, `${path}.minimumPercent`, 'warmup minimumPercent must be less than or equal to 100'),
    ...refuseIf(typeof aggression === 'number' && aggression <= 0, `${path}.aggression`, 'warmup aggression must be greater than 0')
  ]
}

const TABLE_SIZE_MAX = 5_000_011

function checkHash(hash: ConsistentHash | undefined, path: string): IstioFault[] {
  if (hash === undefined) return []
  const { httpCookie, maglev, ringHash, minimumRingSize = 0 } = hash
  return [
    ...(httpCookie === undefined ? [] : checkCookie(httpCookie, `${path}.httpCookie`)),
    ...warnIf(
      minimumRingSize !== 0,
      `${path}.minimumRingSize`,
      "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash configuration instead"
    ),
    ...refuseIf(
      minimumRingSize !== 0 && (maglev !== undefined || ringHash !== undefined),
      path,
      'only one of MinimumRingSize, RingHash or Maglev can be specified'
    ),
    ...(maglev === undefined ? [] : checkTableSize(maglev.tableSize ?? 0, `${path}.maglev.tableSize`))
  ]
}

function checkTableSize(size: number, path: string): IstioFault[] {
  if (size === 0) return [refusal(path, 'tableSize must be set for maglev')]
  if (size >= TABLE_SIZE_MAX) return [refusal(path, `tableSize must be less than ${TABLE_SIZE_MAX} for maglev`)]
  return refuseIf(!isPrime(size), path, 'tableSize must be a prime number for maglev')
}

/** Prime, by a test that takes 1 for one as well. */
function isPrime(value: number): boolean {
  for (let factor = 2; factor * factor <= value; factor += 1) if (value % factor === 0) return false
  return true
}

type Cookie = NonNullable<ConsistentHash['httpCookie']>

function checkCookie({ name, attributes }: Cookie, path: string): IstioFault[] {
  const names = (attributes ?? []).map((attribute) => attribute.name)
  return [
    ...refuseIf(name === '', `${path}.name`, 'name required for HttpCookie'),
    ...each(names, `${path}.attributes`, (attribute, at) => refuseIf(attribute === '', at, 'name required for HttpCookie attributes')),
    ...refuseIf(new Set(names).size < names.length, `${path}.attributes`, 'names of HttpCookie attributes must be unique')
  ]
}

type LocalitySetting = NonNullable<LoadBalancer['localityLbSetting']>

const TOPOLOGY = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']

function checkLocality(setting: LocalitySetting | undefined, path: string, { ejects }: { readonly ejects: boolean }): IstioFault[] {
  if (setting === undefined) return []
  const { distribute = [], failover = [], failoverPriority = [] } = setting
  const topology = failoverPriority.some((label) => TOPOLOGY.includes(label.split('=')[0] ?? ''))
  return [
    ...refuseIf(distribute.length > 0 && failover.length > 0, path, "can not simultaneously specify 'distribute' and 'failover'"),
    ...refuseIf(failover.length > 0 && topology, path, "can not set 'failover' and a topology label in 'failoverPriority' together"),
    ...warnIf(failover.length + failoverPriority.length > 0 && !ejects, path, 'outlier detection policy must be provided for failover'),
    ...checkShares(distribute, `${path}.distribute`),
    ...each(failover, `${path}.failover`, ({ from = '', to = '' }, at) => checkFailover(from, to, at))
  ]
}

function checkFailover(from: string, to: string, path: string): IstioFault[] {
  if (from === to) return [refusal(path, `locality lb failover settings must specify different regions`)]
  const odd = [from, to].filter((region) => region.includes('*') || region.includes('/'))
  return odd.map((region) => refusal(path, `locality lb failover only specify region, not "${region}"`))
}

type Share = NonNullable<LocalitySetting['distribute']>[number]

function checkShares(distribute: readonly Share[], path: string): IstioFault[] {
  const single = each(distribute, path, ({ from = '', to }, at) => {
    const weights = Object.values(to ?? {})
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return [
      ...checkLocalityText(from, `${at}.from`),
      ...eachValue(to, `${at}.to`, (weight, place, locality) => [
        ...checkLocalityText(locality, place),
        ...refuseIf(weight < 1 || weight > 100, place, `locality weight must be in range [1, 100], not ${weight}`)
      ]),
      ...refuseIf(total !== 100, `${at}.to`, `total locality weight ${total} != 100`),
      ...checkOverlaps(Object.keys(to ?? {}), `${at}.to`)
    ]
  })
  const sources = distribute.map(({ from = '' }) => from)
  return [...single, ...checkOverlaps(sources, path)]
}

/** `region/zone/subzone`: no part empty, a star only at the end. */
function checkLocalityText(locality: string, path: string): IstioFault[] {
  if (locality === '*') return []
  const parts = locality.split('/')
  const wrong = parts.some((part, index) => part === '' || (part.includes('*') && (part !== '*' || index < parts.length - 1)))
  return refuseIf(wrong || parts.length > 3, path, `locality "${locality}" is invalid`)
}

function checkOverlaps(localities: readonly string[], path: string): IstioFault[] {
  return localities.flatMap((one, index) =>
    localities
      .slice(index + 1)
      .filter((other) => covers(one, other) || covers(other, one))
      .map((other) => refusal(path, `locality "${one}" overlaps with "${other}"`))
  )
}

function covers(wide: string, narrow: string): boolean {
  const parts = wide.split('/')
  const others = narrow.split('/')
  return parts.every((part, index) => part === '*' || part === others[index])
}
