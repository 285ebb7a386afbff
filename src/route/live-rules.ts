// DestinationRules ready to be asked, kept while they stay: those of one namespace for one host are put together again when one of them
// changes. Wildcards are few and kept together; a change of one is told to who asked for a host that it covers.

import type { DestinationRule } from '../api/istio-destination-rule.ts'
import { Groups, type Reads, Tally } from '../std/reads.ts'
import { callerLabelsOf, joinRules, ruledHost } from './destination-rules.ts'
import type { HostRule, RuleIndex } from './destination-rules.ts'
import { ROOT_NAMESPACE, coversHost, namespaceOf } from './mesh-config.ts'

/** Before a host's name, the cell of all rules for it, wildcards too. */
const CELL = 'rules '

/** Owns the rules. Cells: `rules HOST`. */
export class LiveRules implements RuleIndex {
  readonly rootNamespace = ROOT_NAMESPACE
  readonly #reads: Reads
  /** By host. */
  readonly #exact = new Groups<DestinationRule>()
  readonly #wild = new Map<string, DestinationRule>()
  readonly #joined = new Map<string, ByNamespace>()
  #joinedWild: ByNamespace | undefined
  readonly #labels = new Tally()

  constructor(reads: Reads) {
    this.#reads = reads
  }

  set(key: string, before: DestinationRule | undefined, after: DestinationRule | undefined): void {
    const labels = (rule: DestinationRule | undefined): string[] => (rule === undefined ? [] : callerLabelsOf([rule]))
    this.#labels.move(labels(before), labels(after))
    const hosts = new Set([before, after].flatMap((rule) => (rule === undefined ? [] : [ruledHost(rule)])))
    if (before !== undefined) this.#remove(ruledHost(before), key)
    if (after !== undefined) this.#put(ruledHost(after), key, after)
    for (const host of hosts) this.#tell(host)
  }

  #tell(host: string): void {
    if (!host.startsWith('*')) {
      this.#joined.delete(host)
      return this.#reads.touch(CELL + host)
    }
    this.#joinedWild = undefined
    this.#reads.touchWhere((cell) => cell.startsWith(CELL) && coversHost(host, cell.slice(CELL.length)))
  }

  /** Label keys that rules ask of their callers. */
  callerLabels(): string[] {
    return this.#labels.names().toSorted()
  }

  readonly byNamespace = {
    get: (namespace: string): NonNullable<ReturnType<RuleIndex['byNamespace']['get']>> => ({
      exact: { get: (host: string) => this.#of(host).get(namespace) },
      // Who looks at wildcards asks for a host first.
      wild: this.#wildcards.get(namespace) ?? []
    })
  }

  /** Namespaces whose callers may get another rule for a host than callers outside any namespace. */
  viewersOf(host: string): string[] {
    const all = [...this.#of(host).values(), ...this.#wildcards.values()].flat()
    return all.flatMap((rule) =>
      rule.host === host || coversHost(rule.host, host) ? [rule.namespace, ...rule.exportTo.filter((entry) => entry !== '*')] : []
    )
  }

  get #wildcards(): ByNamespace {
    return (this.#joinedWild ??= byNamespace(this.#wild.values()))
  }

  #of(host: string): ByNamespace {
    this.#reads.note(CELL + host)
    let joined = this.#joined.get(host)
    if (joined === undefined) {
      joined = byNamespace(this.#exact.of(host).values())
      if (joined.size > 0) this.#joined.set(host, joined)
    }
    return joined
  }

  #put(host: string, key: string, rule: DestinationRule): void {
    if (host.startsWith('*')) this.#wild.set(key, rule)
    else this.#exact.put(host, key, rule)
  }

  #remove(host: string, key: string): void {
    if (host.startsWith('*')) this.#wild.delete(key)
    else this.#exact.remove(host, key)
  }
}

type ByNamespace = ReadonlyMap<string, readonly HostRule[]>

function byNamespace(rules: Iterable<DestinationRule>): ByNamespace {
  return new Map([...Map.groupBy(rules, namespaceOf)].map(([namespace, list]) => [namespace, joinRules(list)]))
}
