// Random clients and random endpoints against one plane: who vanishes, stalls, dribbles or breaks off is chosen by a seed. What must hold
// whatever they do is checked from both ends.

import type { RetryPolicy } from '../../src/route/decision.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { Dice } from '../http1/dice.ts'
import { fieldOf } from '../http1/reading.ts'
import { Ground } from './ground.ts'
import { ask, bodyOf, serve } from './mixture-request.ts'
import type { Asked } from './mixture-request.ts'
import { Gone } from './peer.ts'
import type { Peer } from './peer.ts'
import { answersOf } from './told.ts'

/** What a client does about its connection. */
const WAYS = ['patient', 'patient', 'patient', 'half-closes', 'closes', 'resets', 'slow'] as const
type Way = (typeof WAYS)[number]

interface Call {
  readonly way: Way
  readonly asked: readonly Asked[]
  readonly peer: Peer
  done: boolean
}

/** One play. */
export interface Played {
  readonly problems: readonly string[]
  /** How often each thing happened, by name. */
  readonly reach: ReadonlyMap<string, number>
}

const AGAIN: RetryPolicy = {
  attempts: 2,
  perTryTimeout: 2000,
  on: ['5xx'],
  statuses: [],
  avoidTried: false,
  backoffBase: 25,
  backoffMax: 250
}

async function behave(call: Call, dice: Dice): Promise<void> {
  const { peer, asked, way } = call
  const all = asked.map(({ text }) => text).join('')
  const told = way === 'closes' || way === 'resets' ? all.slice(0, dice.below(all.length + 1)) : all
  if (way === 'slow') peer.deaf()
  await peer.spell(told, Math.max(1, Math.ceil(told.length / (1 + dice.below(8)))), dice.below(50))
  if (way === 'half-closes') peer.end()
  if (way === 'closes' || way === 'resets') {
    await peer.later(dice.below(300))
    if (way === 'closes') peer.close()
    else peer.reset()
  }
  const sips = way === 'slow' ? 20 : 0
  for (let sip = 0; sip < sips; sip++) {
    await peer.later(100)
    peer.sip(1 + dice.below(2000))
  }
  peer.hear()
}

/** Plays one seed to its end. */
export async function playMixture(seed: number, readMode: ReadMode): Promise<Played> {
  const dice = new Dice(seed)
  const seen = new Map<string, number>()
  const note = (id: string): void => void seen.set(id, (seen.get(id) ?? 0) + 1)
  const retry = dice.chance(0.3) ? AGAIN : undefined
  const endpoints = Array.from({ length: 1 + dice.below(2) }, () => (peer: Peer) => serve(peer, note))
  const ground = await Ground.open({ readMode, serve: endpoints, action: { retry, timeout: dice.pick([0, 0, 3000]) } })
  const failures: unknown[] = []
  const calls = Array.from({ length: 1 + dice.below(6) }, (_, client): Call => {
    const asked = Array.from({ length: 1 + dice.below(6) }, (_, at) => ask(dice, `/${seed}/${client}/${at}`))
    const call: Call = { way: dice.pick(WAYS), asked, peer: ground.call(), done: false }
    behave(call, new Dice(seed * 100 + client))
      .catch((error: unknown) => (error instanceof Gone ? undefined : failures.push(error)))
      .finally(() => (call.done = true))
    return call
  })
  const over = ({ peer, asked, done }: Call): boolean => peer.closed || peer.ended || (done && wholeOf(peer) >= asked.length)
  const ended = await ground.until(() => calls.every(over), 120_000)
  await ground.pass()
  const most = retry === undefined ? 1 : 1 + retry.attempts
  const problems = [
    ...(ended ? [] : ['a client waits for ever']),
    ...failures.map(String),
    ...calls.flatMap((call) => wrongIn(call)),
    ...calls
      .flatMap(({ asked }) => asked.filter(({ id, method }) => method === 'POST' && (seen.get(id) ?? 0) > most))
      .map(({ id }) => `${id} was sent again`),
    ...(await ground.leftovers()),
    ...wrongCounts(ground, calls)
  ]
  await ground.close()
  return { problems: problems.map((problem) => `seed ${seed}: ${problem}`), reach: reachOf(calls, ground) }
}

// Cheap enough to be asked in every turn: whole answers are looked for only when something came.
const wholes = new WeakMap<Peer, { length: number; whole: number }>()
function wholeOf(peer: Peer): number {
  const known = wholes.get(peer)
  if (known?.length === peer.length) return known.whole
  const whole = answersOf(peer).filter(({ complete }) => complete).length
  wholes.set(peer, { length: peer.length, whole })
  return whole
}

// Each answer is for the request in its place, or the plane's own; what comes of a body is its beginning, and all of it when it is whole.
function wrongIn({ peer, asked, way }: Call): string[] {
  const answers = answersOf(peer)
  if (answers.length > asked.length) return [`${answers.length} answers to ${asked.length} requests`]
  const wrong = answers.flatMap((found, at) => {
    const request = asked[at]
    const id = fieldOf(found, 'x-id')
    if (id === undefined)
      return fieldOf(found, 'server') === 'istio-envoy' && found.status >= 400 ? [] : [`an answer from nobody: ${found.status}`]
    if (id !== request?.id) return [`${request?.id} got the answer to ${id}`]
    const size = Number(/^X-Size: (\d+)/m.exec(request.text)?.[1])
    const body = request.plan === 'surplus' ? '' : bodyOf(id, size)
    if (!body.startsWith(found.body)) return [`${id} got other bytes`]
    return found.complete && found.body.length !== body.length
      ? [`${id} got ${found.body.length} of ${body.length} bytes as a whole answer`]
      : []
  })
  const silent = way === 'patient' && wholeOf(peer) < asked.length && !peer.ended && !peer.closed
  return silent ? [...wrong, 'a patient client has neither answers nor the end'] : wrong
}

function wrongCounts(ground: Ground, calls: readonly Call[]): string[] {
  const counted = ground.counted().reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  const total = ground.downstream('rq_total')
  const asked = calls.reduce((sum, call) => sum + call.asked.length, 0)
  const answered = calls.reduce((sum, { peer }) => sum + answersOf(peer).length, 0)
  if (counted !== total) return [`${total} requests, ${counted} of them counted by how they ended`]
  return total <= asked && total >= answered ? [] : [`${total} requests counted, ${asked} sent, ${answered} answered`]
}

function reachOf(calls: readonly Call[], ground: Ground): Map<string, number> {
  const reach = new Map<string, number>()
  const add = (name: string): void => void reach.set(name, (reach.get(name) ?? 0) + 1)
  for (const { way, peer, asked } of calls) {
    add(way)
    for (const [at, { complete, status }] of answersOf(peer).entries()) {
      add(`${asked[at]?.plan}`)
      add(complete ? String(status) : 'cut')
    }
  }
  for (const line of ground.counted()) add(line.split(' ').slice(1, -1).join(' '))
  return reach
}
