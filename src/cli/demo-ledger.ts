// What became of every request of the demo's load, counted by what its client saw: the application's answer says which version gave it,
// so harm done by a release and harm done by Serin are told apart by each answer, not by guessing from totals.

import type { LoadAnswer } from '../load/generate.ts'
import type { CellData } from '../metrics/recorder.ts'
import { dig, parsedJson } from '../std/json.ts'
import { sum } from '../std/sum.ts'

/** Counts of ended requests: good, failed by the application, or lost. */
export interface Tally {
  readonly ended: number
  /** Those that got a whole answer, whatever it was. */
  readonly answered: number
  readonly good: number
  /** Failures that the application of this version made itself, as its ERROR_RATE says. */
  readonly failedBy: ReadonlyMap<string, number>
  /** Everything else, by what the client saw: no answer, an answer of the mesh's own, any other failure. */
  readonly lost: ReadonlyMap<string, number>
}

/** Owns the counts. */
export class Ledger {
  readonly #apps: readonly string[]
  readonly #failedBy = new Map<string, number>()
  readonly #lost = new Map<string, number>()
  #ended = 0
  #answered = 0
  #good = 0

  /** `apps`: the names the application gives itself. */
  constructor(apps: readonly string[]) {
    this.#apps = apps
  }

  add(answer: LoadAnswer): void {
    this.#ended += 1
    if (answer.kind === 'unanswered') return count(this.#lost, `no answer (${answer.error})`)
    this.#answered += 1
    const version = versionIn(answer.body, this.#apps)
    if (version === undefined) return count(this.#lost, `answered ${answer.status}, but not by the application: ${begin(answer.body)}`)
    if (answer.status >= 200 && answer.status < 300) this.#good += 1
    // 500 is the application's own; it passes failures of what it calls on as 502.
    else if (answer.status === 500) count(this.#failedBy, version)
    else count(this.#lost, `answered ${answer.status} by version ${version}`)
  }

  tally(): Tally {
    return { ended: this.#ended, answered: this.#answered, good: this.#good, failedBy: new Map(this.#failedBy), lost: new Map(this.#lost) }
  }
}

/** The sum of counts. */
export function total(counts: ReadonlyMap<string, number>): number {
  return sum([...counts.values()])
}

/** What the mesh counted at its gateways: requests, and those answered 5xx. */
export interface GatewayCount {
  readonly requests: number
  readonly failed: number
}

/** The gateways' side of all requests so far. */
export function gatewayCount(cells: readonly CellData[]): GatewayCount {
  const counts = cells
    .filter(({ labels }) => labels.reporter === 'source' && labels.sourceWorkload === 'istio-ingressgateway')
    .flatMap(({ counts }) => counts)
  const all = (which: typeof counts): number => sum(which.map(({ count }) => count))
  return { requests: all(counts), failed: all(counts.filter(({ code }) => code >= 500)) }
}

// The demo application's answer: {"app", "version", ...}.
function versionIn(body: string, apps: readonly string[]): string | undefined {
  const answer = parsedJson(body)
  const [app, version] = [dig(answer, 'app'), dig(answer, 'version')]
  return typeof app === 'string' && apps.includes(app) && typeof version === 'string' ? version : undefined
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

// The proxy's own answers say in one line what went wrong.
function begin(body: string): string {
  return body.slice(0, 120).replaceAll(/\s+/g, ' ')
}
