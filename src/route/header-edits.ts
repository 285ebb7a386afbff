// Header operations of route and destination as edits per direction (istio.md 1.13): reduced to one list when all values are constant,
// otherwise kept in stages for editsNow. What names the host becomes the authority.

import type { HeaderOperations, HeadersRules } from '../api/istio-common.ts'
import type { HeaderEdits, HeaderStage } from './decision.ts'
import type { FormatFacts, HeaderSource } from './format-facts.ts'
import { formatText, isConstant, parseFormat } from './format.ts'
import type { Format } from './format.ts'

type Direction = 'request' | 'response'
type Written = readonly (readonly [name: string, value: Format])[]

/** Names that say how a message is framed: the proxy writes them, whatever a rule says. */
export const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade'
])

/** Edits of a destination listed alone: the operations of both levels are one stage, in which the destination writes last. */
export function editsOfSingle(
  route: HeadersRules | undefined,
  destination: HeadersRules | undefined,
  direction: Direction
): HeaderEdits | undefined {
  const first = stageOf(route?.[direction], direction)
  const second = stageOf(destination?.[direction], direction)
  return editsOf([{ remove: [...first.remove, ...second.remove], set: [...first.set, ...second.set], add: [...first.add, ...second.add] }])
}

/** Edits of one of several destinations: the destination's, then the route's, which therefore win. */
export function editsOfWeighted(
  route: HeadersRules | undefined,
  destination: HeadersRules | undefined,
  direction: Direction
): HeaderEdits | undefined {
  return editsOf([stageOf(destination?.[direction], direction), stageOf(route?.[direction], direction)])
}

/** The host a level sets: `set` before `add`, `host` and `:authority` alike. */
export function authorityOf(rules: HeadersRules | undefined): string | undefined {
  return hostIn(rules?.request?.set) ?? hostIn(rules?.request?.add)
}

/** The edits of this moment: values that depend on the request are formatted, each stage after the one before. */
export function editsNow(edits: HeaderEdits | undefined, of: HeaderSource, facts: FormatFacts): HeaderEdits | undefined {
  return edits?.stages === undefined ? edits : reduce(edits.stages, new Staged(of, facts))
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

function stageOf(operations: HeaderOperations | undefined, direction: Direction): HeaderStage {
  return {
    remove: (operations?.remove ?? []).map((name) => name.toLowerCase()).filter((name) => isEditable(name, direction)),
    set: written(operations?.set, direction),
    add: written(operations?.add, direction)
  }
}

function isEditable(name: string, direction: Direction): boolean {
  if (name.startsWith(':') || name === 'host' || FRAMING.has(name)) return false
  return direction === 'request' || name !== 'server'
}

/** In the order of keys; what has no value, and what Envoy would refuse (check-rules.ts names it), is left out. */
function written(values: Readonly<Record<string, string>> | undefined, direction: Direction): Written {
  return Object.entries(values ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => {
      const name = key.toLowerCase()
      const format = parseFormat(value)
      return isEditable(name, direction) && !('problem' in format) && format.length > 0 ? [[name, format] as const] : []
    })
}

function editsOf(stages: readonly HeaderStage[]): HeaderEdits | undefined {
  const used = stages.filter(({ remove, set, add }) => remove.length + set.length + add.length > 0)
  if (used.length === 0) return undefined
  const fixed = used.every(({ set, add }) => [...set, ...add].every(([, value]) => isConstant(value)))
  const edits: HeaderEdits = fixed ? reduce(used, CONSTANTS) : { remove: [], set: [], add: [], stages: used }
  return [edits, ...(edits.stages ?? [])].some(writesCookie) ? { ...edits, givesCookie: true } : edits
}

function writesCookie({ set, add }: HeaderEdits | HeaderStage): boolean {
  return [...set, ...add].some(([name]) => name === 'set-cookie')
}

/** What a name comes to, so far. */
interface Net {
  state: 'kept' | 'removed' | 'set'
  value: string
  readonly added: string[]
}

/** How the values of a stage are formatted, given what the stages did so far. */
interface Formatter {
  format(value: Format, nets: ReadonlyMap<string, Net>): string
}

const CONSTANTS: Formatter = { format: ([only]) => (typeof only === 'string' ? only : '') }

/** Per name only what comes after its last removal or overwrite counts; the result applies as remove, set, add. */
function reduce(stages: readonly HeaderStage[], formatter: Formatter): HeaderEdits {
  const nets = new Map<string, Net>()
  for (const { remove, set, add } of stages) {
    for (const name of remove) nets.set(name, { state: 'removed', value: '', added: [] })
    const format = ([name, value]: readonly [string, Format]): [string, string] => [name, formatter.format(value, nets)]
    const [sets, adds] = [set.map(format), add.map(format)]
    for (const [name, value] of sets) if (value !== '') nets.set(name, { state: 'set', value, added: [] })
    for (const [name, value] of adds) if (value !== '') netOf(nets, name).added.push(value)
  }
  const all = [...nets]
  return {
    remove: all.flatMap(([name, net]) => (net.state === 'removed' ? [name] : [])),
    set: all.flatMap(([name, net]) => (net.state === 'set' ? [[name, net.value] as const] : [])),
    add: all.flatMap(([name, net]) => net.added.map((value) => [name, value] as const))
  }
}

function netOf(nets: Map<string, Net>, name: string): Net {
  const net = nets.get(name) ?? { state: 'kept', value: '', added: [] }
  nets.set(name, net)
  return net
}

/** The facts of a request as one stage sees them: headers as the stages before and its own removals left them. */
class Staged implements Formatter, FormatFacts {
  readonly #of: HeaderSource
  readonly #facts: FormatFacts
  #nets: ReadonlyMap<string, Net> = new Map()

  constructor(of: HeaderSource, facts: FormatFacts) {
    this.#of = of
    this.#facts = facts
  }

  get start(): number {
    return this.#facts.start
  }

  get now(): number {
    return this.#facts.now
  }

  get zone(): number {
    return this.#facts.zone
  }

  format(value: Format, nets: ReadonlyMap<string, Net>): string {
    this.#nets = nets
    return formatText(value, this, '')
  }

  header(of: HeaderSource, name: string): string | undefined {
    const net = of === this.#of ? this.#nets.get(name) : undefined
    if (net === undefined) return this.#facts.header(of, name)
    if (net.state === 'set') return net.value
    return (net.state === 'kept' ? this.#facts.header(of, name) : undefined) ?? net.added[0]
  }

  fact(name: Parameters<FormatFacts['fact']>[0]): string | number | undefined {
    return this.#facts.fact(name)
  }

  environment(name: string): string | undefined {
    return this.#facts.environment(name)
  }

  metadata(path: readonly string[]): unknown {
    return this.#facts.metadata(path)
  }
}
