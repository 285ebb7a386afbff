// VirtualServices ready to be compiled, kept while they and their delegates stay; and who claims which host, in the mesh and at gateways.

import type { VirtualService } from '../api/istio-virtual-service.ts'
import { sameJson } from '../std/json.ts'
import { Groups, type Reads, Tally } from '../std/reads.ts'
import { byAge, coversHost, isVisible } from './mesh-config.ts'
import { type RuleSet, hasRules, ruleSetOf, sourceLabelsOf } from './rule-sets.ts'

/** A rule set and the object it is from: the older one wins. */
export interface PlacedRules extends RuleSet {
  readonly source: VirtualService
}

/** Owns the rule sets. Cells: `rules of KEY`, `claims HOST`, and `claims *` for wildcards. */
export class LiveRuleSets {
  readonly #reads: Reads
  readonly #isBroken: (virtualService: VirtualService) => boolean
  readonly #objects = new Map<string, VirtualService>()
  readonly #sets = new Map<string, PlacedRules>()
  readonly #claims = new Groups<undefined>()
  /** Keys of those with wildcards for the mesh. */
  readonly #wild = new Set<string>()
  readonly #labels = new Tally()
  #domains = new Set<string>()
  /** How many rule sets were made. */
  made = 0

  constructor(reads: Reads, isBroken: (virtualService: VirtualService) => boolean) {
    this.#reads = reads
    this.#isBroken = isBroken
  }

  set(key: string, after: VirtualService | undefined): void {
    if (after === undefined) this.#objects.delete(key)
    else this.#objects.set(key, after)
    this.#reads.touch(`delegate ${key}`)
    this.#reads.want({ kind: 'rules', key })
  }

  /** Makes anew what is out of date; gives the keys of rule sets that came, went or changed. */
  update(): string[] {
    return this.#reads.stale('rules').filter((key) => this.#update(key))
  }

  /** Hosts that were claimed or given up since this was last asked. */
  takeDomains(): ReadonlySet<string> {
    const domains = this.#domains
    this.#domains = new Set()
    return domains
  }

  get(key: string): PlacedRules | undefined {
    this.#reads.note(`rules of ${key}`)
    return this.#sets.get(key)
  }

  /** Label keys that matches ask of callers. */
  sourceLabels(): string[] {
    return this.#labels.names()
  }

  keys(): MapIterator<string> {
    return this.#sets.keys()
  }

  /** Those for HTTP in the mesh that name a host, or cover it with a wildcard; oldest first. */
  claiming(host: string): PlacedRules[] {
    return this.#claiming(host).filter(({ http }) => http)
  }

  /** The same of those for bytes. */
  claimingStreams(host: string): PlacedRules[] {
    return this.#claiming(host).filter(hasStreams)
  }

  #claiming(host: string): PlacedRules[] {
    this.#reads.note(`claims ${host}`)
    this.#reads.note('claims *')
    const keys = [...this.#claims.of(host).keys()]
    for (const key of this.#wild)
      if (this.#sets.get(key)?.hosts.some((written) => isWild(written) && coversHost(written, host)) === true) keys.push(key)
    const sets = [...new Set(keys)].flatMap((key) => this.get(key) ?? [])
    return sets.length < 2 ? sets : sets.toSorted((a, b) => byAge(a.source, b.source))
  }

  #update(key: string): boolean {
    const before = this.#sets.get(key)
    const source = this.#objects.get(key)
    if (source === undefined || !hasRules(source)) {
      this.#reads.drop({ kind: 'rules', key })
      this.#sets.delete(key)
      this.#tell(key, before, undefined)
      return before !== undefined
    }
    this.made += 1
    const set = this.#reads.run({ kind: 'rules', key }, () => ruleSetOf(source, { get: (leaf) => this.#leaf(leaf) }, this.#broken))
    if (
      before !== undefined &&
      before.source.metadata.creationTimestamp === source.metadata.creationTimestamp &&
      sameJson(withoutSource(before), set)
    )
      return false
    const after: PlacedRules = { ...set, source }
    this.#sets.set(key, after)
    this.#tell(key, before, after)
    return true
  }

  #leaf(key: string): VirtualService | undefined {
    this.#reads.note(`delegate ${key}`)
    const leaf = this.#objects.get(key)
    return leaf !== undefined && (leaf.spec.hosts ?? []).length === 0 ? leaf : undefined
  }

  readonly #broken = {
    has: (key: string): boolean => {
      this.#reads.note(`delegate ${key}`)
      const object = this.#objects.get(key)
      return object !== undefined && this.#isBroken(object)
    }
  }

  #tell(key: string, before: PlacedRules | undefined, after: PlacedRules | undefined): void {
    const labels = (set: PlacedRules | undefined): string[] => (set === undefined ? [] : sourceLabelsOf([set]))
    this.#labels.move(labels(before), labels(after))
    this.#reads.touch(`rules of ${key}`)
    if (sameClaims(before, after)) return
    for (const host of meshHosts(before)) if (!isWild(host)) this.#claims.remove(host, key)
    for (const host of meshHosts(after)) if (!isWild(host)) this.#claims.put(host, key, undefined)
    for (const host of new Set([...meshHosts(before), ...meshHosts(after)])) {
      this.#domains.add(host)
      this.#reads.touch(`claims ${isWild(host) ? '*' : host}`)
    }
    if (meshHosts(after).some(isWild)) this.#wild.add(key)
    else this.#wild.delete(key)
  }
}

/** Whether a rule set says anything of connections that are not HTTP. */
export function hasStreams({ tcp, tls }: Pick<RuleSet, 'tcp' | 'tls'>): boolean {
  return tcp.length + tls.length > 0
}

/** Hosts that a rule set claims in the mesh. */
export function meshHosts(set: RuleSet | undefined): readonly string[] {
  return set?.gateways.includes('mesh') === true ? set.hosts : []
}

function isWild(host: string): boolean {
  return host.startsWith('*')
}

function withoutSource(set: PlacedRules): object {
  return { ...set, source: undefined }
}

function sameClaims(a: PlacedRules | undefined, b: PlacedRules | undefined): boolean {
  const said = (set: PlacedRules | undefined): unknown => [meshHosts(set), set?.exportTo, set?.source.metadata.creationTimestamp]
  return sameJson(said(a), said(b))
}

/** Those that a namespace sees: private ones first, then those exported to it by name, then public ones; older first inside each. */
export function visibleTo<T extends Pick<RuleSet, 'exportTo' | 'namespace'>>(all: readonly T[], namespace: string): T[] {
  const classes: T[][] = [[], [], []]
  for (const each of all) {
    const { exportTo } = each
    if (!isVisible(exportTo, each.namespace, namespace)) continue
    const named = exportTo ?? []
    const at = named.length === 0 || named.includes('*') ? 2 : Number(!named.includes('.') && namespace !== each.namespace)
    classes[at]?.push(each)
  }
  return classes.flat()
}
