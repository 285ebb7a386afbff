// Header operations of route and destination reduced to one edit list per direction (istio.md 1.13). What names the host becomes the
// authority; values that are Envoy commands are left out and named as not applied yet.

import type { HeaderOperations, HeadersRules } from '../api/istio-common.ts'
import type { HeaderEdits } from './decision.ts'

type Direction = 'request' | 'response'

/** Edits of a destination listed alone: removals of both levels first, then the route's writes, then the destination's. */
export function editsOfSingle(
  route: HeadersRules | undefined,
  destination: HeadersRules | undefined,
  direction: Direction
): HeaderEdits | undefined {
  const first = route?.[direction]
  const second = destination?.[direction]
  return reduce([removals(first), removals(second), writes(first), writes(second)].flat(), direction)
}

/** Edits of one of several destinations: the destination's, then the route's, which therefore win. */
export function editsOfWeighted(
  route: HeadersRules | undefined,
  destination: HeadersRules | undefined,
  direction: Direction
): HeaderEdits | undefined {
  const first = destination?.[direction]
  const second = route?.[direction]
  return reduce([removals(first), writes(first), removals(second), writes(second)].flat(), direction)
}

/** The host a level sets: `set` before `add`, `host` and `:authority` alike. */
export function authorityOf(rules: HeadersRules | undefined): string | undefined {
  return hostIn(rules?.request?.set) ?? hostIn(rules?.request?.add)
}

function hostIn(values: Readonly<Record<string, string>> | undefined): string | undefined {
  for (const [name, value] of Object.entries(values ?? {})) {
    if (isHost(name.toLowerCase())) return value
  }
  return undefined
}

function isHost(name: string): boolean {
  return name === 'host' || name === ':authority'
}

/** True when a value has a command such as `%START_TIME%`; `%%` is only a percent sign. */
export function hasCommand(value: string): boolean {
  return value.replaceAll('%%', '').includes('%')
}

interface Operation {
  readonly kind: 'remove' | 'set' | 'add'
  readonly name: string
  readonly value: string
}

function removals(operations: HeaderOperations | undefined): Operation[] {
  return (operations?.remove ?? []).map((name) => ({ kind: 'remove', name: name.toLowerCase(), value: '' }))
}

function writes(operations: HeaderOperations | undefined): Operation[] {
  return [...written('set', operations?.set), ...written('add', operations?.add)]
}

function written(kind: 'set' | 'add', values: Readonly<Record<string, string>> | undefined): Operation[] {
  return Object.entries(values ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, value]) => value !== '' && !hasCommand(value))
    .map(([name, value]) => ({ kind, name: name.toLowerCase(), value: value.replaceAll('%%', '%') }))
}

interface Net {
  state: 'kept' | 'removed' | 'set'
  value: string
  readonly added: string[]
}

/** Per name only what comes after its last removal or overwrite counts; the result applies as remove, set, add. */
function reduce(operations: readonly Operation[], direction: Direction): HeaderEdits | undefined {
  const nets = new Map<string, Net>()
  for (const { kind, name, value } of operations) {
    if (name.startsWith(':') || name === 'host' || (direction === 'response' && name === 'server')) continue
    const net = nets.get(name) ?? { state: 'kept', value: '', added: [] }
    nets.set(name, net)
    if (kind === 'add') {
      net.added.push(value)
      continue
    }
    net.state = kind === 'set' ? 'set' : 'removed'
    net.value = value
    net.added.length = 0
  }
  if (nets.size === 0) return undefined
  const all = [...nets]
  return {
    remove: all.flatMap(([name, net]) => (net.state === 'removed' ? [name] : [])),
    set: all.flatMap(([name, net]) => (net.state === 'set' ? [[name, net.value] as const] : [])),
    add: all.flatMap(([name, net]) => net.added.map((value) => [name, value] as const))
  }
}
