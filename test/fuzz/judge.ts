// What must hold after any run, whatever was sent. Node's parser is the judge of all HTTP; marks in texts tell whose bytes are whose.

import { CLUSTER_GAUGES } from '../../src/route/cluster-stats.ts'
import type { ReadMessage } from '../http1/reading.ts'
import type { Caller } from './caller.ts'
import { GONE } from './endpoint.ts'
import type { Served } from './endpoint.ts'
import { strangers } from './marks.ts'
import { answerIn, field, isOddMethod, isRefusal } from './reading.ts'
import type { Play } from './play.ts'
import type { Ran } from './run.ts'
import { ANSWERS, LAST_ANSWERS, REQUESTS } from './seeds.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
// Tries on kept connections that turn out to be closed are no retries of the policy.
const STALE_MAX = 3
// pendingBytesMax and a read or two beyond it: no more than that waits in the engine for one peer.
const WAITING_MAX = 200_000
// A copy of a request waits with its body for a connection: copyBytesMax, and a read beyond it.
const COPY_WAITING_MAX = 340_000

/** Everything that is wrong. */
export function judge(ran: Ran): string[] {
  return [
    ...ran.problems,
    ...ran.callers.flatMap((caller) => answersOf(caller, ran)),
    ...ran.endpoints.flatMap((endpoint) => readable(endpoint.requests.problem)),
    ...ran.served.flatMap((served) => requestOf(served, ran)),
    ...repeated(ran),
    ...refusals(ran),
    ...stalls(ran),
    ...gauges(ran),
    ...counters(ran),
    ...waited(ran)
  ]
}

function waited({ rules, waitingMost }: Ran): string[] {
  const most = rules.some(({ mirror }) => mirror > 0) ? COPY_WAITING_MAX : WAITING_MAX
  return waitingMost > most ? [`${waitingMost} bytes waited on one socket`] : []
}

function readable(problem: string): string[] {
  return problem === '' || isOddMethod(problem) ? [] : [`a request that went upstream cannot be read: ${problem}`]
}

function answersOf(caller: Caller, ran: Ran): string[] {
  const { answers, asked, number } = caller
  const problems = answers.finals.flatMap((answer, at) => {
    const wrong = answerOf({ caller, answer, request: asked.messages[at] }, ran)
    if (!answer.complete && at < answers.finals.length - 1) wrong.push('it is cut off, and others follow')
    return wrong.map((text) => `answer ${at}: ${text}`)
  })
  if (answers.problem !== '') problems.push(`its answers cannot be read: ${answers.problem}`)
  if (!isOddMethod(asked.reason)) problems.push(...numberOf(caller, ran.openCallers.includes(number)))
  const others = strangers(Buffer.concat(caller.received).toString('latin1'), number)
  if (others.length > 0) problems.push(`it got bytes of others: ${others.join(' ')}`)
  return problems.map((text) => `caller ${number}: ${text}`)
}

// Each complete request has one answer, or the connection is closed.
function numberOf(caller: Caller, staysOpen: boolean): string[] {
  const { answers, asked } = caller
  const { finals } = answers
  const most = asked.messages.length + (asked.ending === 'more' && !hasMore(caller, asked.messages) ? 0 : 1)
  if (finals.length > most) return [`${finals.length} answers to ${asked.messages.length} requests`]
  if (!staysOpen || answers.tunnel) return []
  const complete = asked.messages.filter((message) => message.complete).length
  if (finals.filter((answer) => answer.complete).length < complete)
    return [`${finals.length} answers to ${complete} requests, and it stays open`]
  return asked.ending === 'refused' || complete < asked.messages.length ? ['it stays open after what cannot be read on'] : []
}

// Bytes behind the last whole request may be one that the engine refuses before Node's parser does.
function hasMore(caller: Caller, messages: readonly ReadMessage[]): boolean {
  return caller.sent.length > 0 && (messages.length === 0 || messages.at(-1)?.complete === true)
}

interface Exchange {
  readonly caller: Caller
  readonly answer: ReadMessage
  readonly request: ReadMessage | undefined
}

// An answer that an endpoint gave, by its serial: it is for this request, and its body is what was sent.
function answerOf({ caller, answer, request }: Exchange, { served }: Ran): string[] {
  const mark = /^~(\d+)\.(\d+)~$/.exec(field(answer, 'x-serial') ?? '')
  if (mark === null || isRefusal(answer)) return []
  const from = served[Number(mark[2])]
  if (from === undefined || Number(mark[1]) !== caller.number || from.caller !== caller.number)
    return ['it is the answer to another caller']
  if (from.isMirror) return ['it is the answer to a copy']
  const id = field(from.request, 'x-id')
  if (request !== undefined && id !== undefined && field(request, 'x-id') !== id) return [`it is the answer to request ${id}`]
  return bodyOf(answer, request, from)
}

function bodyOf(answer: ReadMessage, request: ReadMessage | undefined, from: Served): string[] {
  const want = answerIn(from.sent, from.request.method === 'HEAD')
  if (want === undefined) return ['no answer was sent, and one came']
  const { message, refused } = want
  if (message.status === 101) return []
  // An HTTP/1.0 caller cannot tell where a body without a length should have ended.
  if (!answer.complete || (!isFramed(answer) && request?.version === '1.0')) {
    return message.body.startsWith(answer.body) ? [] : ['its body is another than was sent']
  }
  if (answer.body !== message.body)
    return [`its body has ${answer.body.length} bytes, other than the ${message.body.length} that were sent`]
  const isCut = refused || (!message.complete && !endedByClose(message, from))
  return isCut ? ['it was cut off by the endpoint, and is told to be whole'] : []
}

function isFramed(message: ReadMessage): boolean {
  return field(message, 'content-length') !== undefined || field(message, 'transfer-encoding') !== undefined
}

function endedByClose(message: ReadMessage, from: Served): boolean {
  return from.whole && !isFramed(message)
}

// What reached an endpoint is a request that this caller made, with the same body.
function requestOf({ request, caller: number, serial }: Served, { callers, rules }: Ran): string[] {
  if (number === GONE) return []
  const caller = callers[number]
  // What passes to where it says, by no rule of ours, does not tell.
  if (caller === undefined) return rules[0]?.entry === 'mesh' ? [] : [`request ${serial} of an endpoint says of nobody whose it is`]
  const problems: string[] = []
  const say = (text: string): void => void problems.push(`request ${serial} of an endpoint, from caller ${number}: ${text}`)
  const others = strangers(`${request.target}${request.headers.join()}${request.body}`, number)
  if (others.length > 0) say(`it has bytes of others: ${others.join(' ')}`)
  const { asked } = caller
  const id = field(request, 'x-id')
  const same = asked.messages.filter((message) => message.method === request.method && (id === undefined || field(message, 'x-id') === id))
  // Behind a method that only the engine knows nothing is known of what was asked, but by marks.
  if (same.some((message) => isSame(message, request)) || (isOddMethod(asked.reason) && (id === undefined || same.length === 0)))
    return problems
  if (same.length > 0) say(`its body of ${request.body.length} bytes is another`)
  else if (asked.ending !== 'refused') say(`${request.method} ${request.target} was not asked for`)
  return problems
}

function isSame(message: ReadMessage, request: ReadMessage): boolean {
  if (request.complete) return message.complete && message.body === request.body
  return message.body.startsWith(request.body)
}

// No endpoint sees a request more often than the rules allow.
function repeated({ served, rules, callers }: Ran): string[] {
  const attempts = Math.max(...rules.map((one) => one.attempts))
  const times = new Map<string, number>()
  const problems: string[] = []
  for (const { request, caller, isMirror } of served) {
    const id = field(request, 'x-id')
    if (id === undefined) continue
    const asked = callers[caller]?.asked.messages.filter((message) => field(message, 'x-id') === id).length ?? 0
    // Callers may have the same id.
    const key = `${isMirror ? 'copy of' : 'request'} ${id} ${request.method} of caller ${caller}`
    const count = (times.get(key) ?? 0) + 1
    times.set(key, count)
    const most = isMirror ? asked : asked * (1 + attempts + (SAFE.has(request.method) ? STALE_MAX : 0))
    if (count === most + 1 && asked > 0) problems.push(`${key} came ${count} times`)
  }
  return problems
}

const IN_ORDER: ReadonlySet<string> = new Set(REQUESTS)
const ANSWERS_IN_ORDER: ReadonlySet<string> = new Set([...ANSWERS, ...LAST_ANSWERS])
// Those that end without the end of their connection.
const ENDING: ReadonlySet<string> = new Set(ANSWERS)
const UNREADABLE = new Set([400, 501, 505])

// Marks of one digit are as long as the lengths of the seeds' bodies say.
const MARKS_MAX = 9

// What is in order is read, on both sides.
function refusals({ callers, play, states, served }: Ran): string[] {
  const problems = callers.flatMap(({ answers, number }) => {
    const { messages = [] } = play.callers[number] ?? {}
    if (messages.length > MARKS_MAX / 3 || !messages.every((text) => IN_ORDER.has(text))) return []
    const refusal = answers.finals.find((answer) => UNREADABLE.has(answer.status) && isRefusal(answer))
    return refusal === undefined ? [] : [`caller ${number}: a request that is in order is refused: ${refusal.body}`]
  })
  // An endpoint of a play gives HEAD a body too: it may be taken for the next answer.
  const toHead = served.some(({ request }) => request.method === 'HEAD')
  if (toHead || served.length > MARKS_MAX || !play.answers.every(({ text, when }) => when === 'whole' && ANSWERS_IN_ORDER.has(text)))
    return problems
  const errors = [...states].reduce((all, { stats }) => all + stats.read('upstream_cx_protocol_error'), 0)
  return errors === 0 ? problems : [...problems, `${errors} answers that are in order are refused`]
}

// Nothing happens in it that takes time: whoever is slow here is slow in steps, and time stands still until nobody can do anything.
function isCalm({ rules, callers, answers, dials, events }: Play): boolean {
  const { fault, attempts, small, limit, requests, pending, endpoints, timeout } = rules
  const calmRules = fault === 'no' && limit === 'no' && !small && attempts + requests + pending + timeout === 0 && endpoints > 0
  const calmCallers = callers.every(
    ({ messages, reads, after }) => reads > 0 && after === 'stay' && messages.every((text) => IN_ORDER.has(text))
  )
  const calmAnswers = answers.every(
    ({ text, when, after, reads }) =>
      ENDING.has(text) && !text.startsWith('HTTP/1.1 101') && when === 'whole' && after === 'stay' && reads > 0
  )
  return calmRules && calmCallers && calmAnswers && answers.length > 0 && events.length === 0 && dials.every((how) => how === 'accept')
}

// Where nothing takes time nothing is given up for lack of it.
function stalls({ callers, play, served }: Ran): string[] {
  if (served.length > MARKS_MAX || !isCalm(play)) return []
  return callers.flatMap(({ answers, number }) =>
    answers.finals
      .filter(({ complete, status }) => !complete || status === 408 || status === 504)
      .map(({ complete, status }) => `caller ${number}: ${complete ? 'an answer' : 'half an answer'} of ${status}, and nothing took time`)
  )
}

function gauges({ states, plane }: Ran): string[] {
  const problems: string[] = []
  for (const { cluster, stats, slots } of states) {
    for (const name of CLUSTER_GAUGES) {
      const value = stats.read(name)
      if (value !== 0 && !name.startsWith('outlier')) problems.push(`${cluster.id}: ${name} is ${value} at the end`)
    }
    for (const slot of slots) if (slot.active !== 0) problems.push(`${cluster.id}: ${slot.active} requests active at ${slot.key}`)
  }
  for (const [name, value] of Object.entries(plane.recorder.counters.snapshot()))
    if (name.endsWith('_active') && value !== 0) problems.push(`${name} is ${value} at the end`)
  const { connections, requests, kept } = plane.load
  if ([connections, requests, kept].some((count) => count !== 0))
    problems.push(`${connections} connections, ${requests} requests and ${kept} bytes are in hand at the end`)
  return problems
}

// Each request is counted once: as answered or as left by its caller.
function counters({ plane, log, callers, isLogged, openCallers }: Ran): string[] {
  const problems: string[] = []
  const values = Object.entries(plane.recorder.counters.snapshot())
  const sum = (ending: string): number => values.reduce((all, [name, value]) => all + (name.endsWith(ending) ? value : 0), 0)
  const total = sum('downstream_rq_total')
  const completed = sum('downstream_rq_completed')
  const left = sum('downstream_rq_rx_reset')
  if (total !== completed + left) problems.push(`${total} requests, ${completed} answered and ${left} left`)
  const cells = plane.recorder.snapshot().filter((cell) => cell.labels.reporter === 'source')
  const recorded = cells.flatMap(({ counts }) => counts).reduce((all, { count }) => all + count, 0)
  if (recorded !== total) problems.push(`${total} requests, ${recorded} in the cells of their callers`)
  const answers = callers.reduce((all, { answers }) => all + answers.finals.length, 0)
  if (answers > completed) problems.push(`${answers} answers were read, ${completed} are counted`)
  // The end of a connection may overtake an answer that a caller is slow to read.
  const whole = callers.every((caller) => !caller.wasDisturbed && openCallers.includes(caller.number))
  if (whole && answers < completed) problems.push(`${completed} answers are counted, ${answers} came`)
  const lines = log.filter(([pod]) => pod === '').length
  if (isLogged && lines !== total) problems.push(`${total} requests, ${lines} lines in the log`)
  return problems
}
