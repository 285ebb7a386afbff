// The kinds of request in a mixed load, each with what it must come to: its caller's answer, and what the mesh must count of it.

import type { Agent } from 'node:http'
import type { Dice } from '../http1/dice.ts'
import { ask, open, say } from './asking.ts'
import type { Asked, Got } from './asking.ts'
import type { Ledger, Over } from './ledger.ts'
import type { Rig } from './rig.ts'
import { HOST } from './table.ts'
import type { Deed } from './upstreams.ts'

/** Who asks, and with what. */
export interface Caller {
  readonly rig: Rig
  readonly ledger: Ledger
  readonly dice: Dice
  /** Its kept connection to the gateway; undefined: a new one for each request. */
  readonly agent: Agent | undefined
  /** The name of the next request. */
  readonly id: string
}

type Kind = (caller: Caller) => Promise<void>

const SIZES = [0, 1, 10, 100, 1000, 1000, 10_000, 70_000]

function fieldsOf(id: string, deed: Deed, size: number): Record<string, string> {
  return { 'x-id': id, 'x-do': deed, 'x-size': String(size) }
}

// Asks, says what is wrong with the answer, and enters the request.
async function asked(caller: Caller, kind: string, how: Omit<Asked, 'port'>, over: (got: Got) => Over | string): Promise<void> {
  const { rig, ledger, id } = caller
  const got = await ask(ledger, { port: rig.port, agent: caller.agent, ...how })
  rig.arrivals.forget(id)
  entered(caller, kind, over(got), JSON.stringify(got))
}

function entered({ ledger, id }: Caller, kind: string, over: Over | string, got: string): void {
  if (typeof over === 'string') ledger.problems.push(`${kind} ${id}: ${over}: ${got.slice(0, 500)}`)
  else ledger.enter(kind, over)
}

const answered = (got: Got, size: number, more: Partial<Over> = {}): Over | string => {
  if (got.status !== 200 || got.cut || got.size !== size) return `not 200 with ${size} bytes`
  return { code: 200, flags: '-', cluster: got.server, tries: [200], ...more }
}

const reading: Kind = (caller) => {
  const { dice, id } = caller
  const method = dice.pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'DELETE'])
  const size = dice.pick(SIZES)
  const deed = dice.pick<Deed>(['answer', 'answer', 'chunked', 'close'])
  const path = dice.chance(0.2) ? '/weighted' : `/main/${dice.below(1_000_000)}?q=${dice.below(1000)}`
  return asked(caller, 'reading', { method, path, fields: fieldsOf(id, deed, size) }, (got) => answered(got, method === 'HEAD' ? 0 : size))
}

const writing: Kind = (caller) => {
  const { dice, id } = caller
  const body = Buffer.alloc(dice.chance(0.05) ? 1_000_000 : dice.pick(SIZES), 'y')
  const size = dice.chance(0.05) ? 1_000_000 : dice.pick(SIZES)
  const fields = fieldsOf(id, dice.pick<Deed>(['answer', 'chunked']), size)
  const framing = dice.chance(0.5) ? { 'content-length': String(body.length) } : { 'transfer-encoding': 'chunked' }
  const expects: Record<string, string> = body.length > 0 && dice.chance(0.1) ? { expect: '100-continue' } : {}
  const path = dice.pick(['/main', '/main', '/retry'])
  const method = dice.pick(['POST', 'PUT', 'PATCH'])
  return asked(caller, 'writing', { method, path, body, fields: { ...fields, ...framing, ...expects } }, (got) =>
    got.read === String(body.length) ? answered(got, size) : `not ${body.length} bytes read`
  )
}

const retried: Kind = (caller) => {
  const body = caller.dice.chance(0.5) ? Buffer.alloc(100, 'z') : undefined
  const fields = { ...fieldsOf(caller.id, 'fail-once', 10), ...(body === undefined ? {} : { 'content-length': '100' }) }
  const how = { method: body === undefined ? 'GET' : 'POST', path: '/retry', fields, ...(body === undefined ? {} : { body }) }
  return asked(caller, 'retried', how, (got) => answered(got, 10, { tries: [503, 200], retries: 1 }))
}

const retriedForTime: Kind = (caller) =>
  asked(caller, 'retried for time', { method: 'GET', path: '/slow-try', fields: fieldsOf(caller.id, 'hold-once', 10) }, (got) =>
    answered(got, 10, { tries: [504, 200], retries: 1 })
  )

const refused = (kind: string, path: string, code: number, over: Partial<Over>): Kind => {
  return (caller) =>
    asked(caller, kind, { method: 'GET', path, fields: fieldsOf(caller.id, 'hold', 0) }, (got) =>
      got.status === code ? { code, flags: '-', ...over } : `not ${code}`
    )
}

const overdue = refused('overdue', '/timeout', 504, { flags: 'UT', cluster: 'main', tries: [504] })
const unreachable = refused('unreachable', '/dead', 503, { flags: 'UF', cluster: 'dead' })
const aborted = refused('aborted', '/abort', 503, { flags: 'FI' })
const moved = refused('moved', '/moved', 301, {})
const fixed = refused('fixed', '/fixed', 418, {})

const delayed: Kind = (caller) =>
  asked(caller, 'delayed', { method: 'GET', path: '/delay', fields: fieldsOf(caller.id, 'answer', 10) }, (got) =>
    answered(got, 10, { flags: 'DI' })
  )

const mirrored: Kind = (caller) =>
  asked(caller, 'mirrored', { method: 'GET', path: '/mirror', fields: fieldsOf(caller.id, 'answer', 10) }, (got) =>
    answered(got, 10, { copied: 'shadow' })
  )

const lost: Kind = (caller) => {
  const { dice, id } = caller
  // Names that nobody has, ever new.
  const how = dice.chance(0.5) ? { host: `${id}.example`, path: `/${id}` } : { path: `/nowhere/${id}` }
  return asked(caller, 'lost', { method: 'GET', ...how }, (got) => (got.status === 404 ? { code: 404, flags: 'NR' } : 'not 404'))
}

const reset: Kind = (caller) =>
  asked(caller, 'reset', { method: 'POST', path: '/main', fields: { ...fieldsOf(caller.id, 'reset', 0), 'content-length': '0' } }, (got) =>
    got.status === 503 ? { code: 503, flags: 'UC', cluster: 'main', tries: [503] } : 'not 503'
  )

const cut: Kind = (caller) =>
  asked(caller, 'cut', { method: 'GET', path: '/main', fields: fieldsOf(caller.id, 'cut', 0) }, (got) =>
    got.status === 200 && got.cut ? { code: 200, flags: 'UC', cluster: 'main' } : 'not 200, cut'
  )

// The caller goes before there is an answer, in the middle of its own request or after it.
const left: Kind = (caller) => {
  const { rig, id, dice } = caller
  const leavesAfter = rig.arrivals.of(id)
  const half = dice.chance(0.5)
  const fields = { ...fieldsOf(id, 'hold', 0), 'content-length': half ? '1000' : '10' }
  const how = { method: 'POST', path: '/main', fields, body: Buffer.alloc(10, 'l'), leavesAfter, agent: undefined }
  return asked(caller, 'left', how, (got) => (got.status === 0 ? { code: 0, flags: 'DC', cluster: 'main' } : 'an answer'))
}

const leftInAnswer: Kind = (caller) =>
  asked(
    caller,
    'left in the answer',
    { method: 'GET', path: '/main', fields: fieldsOf(caller.id, 'part', 0), leavesIn: 'answer', agent: undefined },
    (got) => (got.status === 200 && got.size === 100 ? { code: 200, flags: 'DC', cluster: 'main', tries: [200] } : 'not the beginning')
  )

const head = (id: string, deed: Deed, version = '1.1'): string =>
  `GET /main HTTP/${version}\r\nHost: ${HOST}\r\nx-id: ${id}\r\nx-do: ${deed}\r\nx-size: 10\r\n`

const pipelined: Kind = async (caller) => {
  const { rig, ledger, id } = caller
  const one = `${head(id, 'answer')}\r\n`
  const text = await say(ledger, rig.port, `${one}${one}${head(id, 'chunked')}Connection: close\r\n\r\n`)
  rig.arrivals.forget(id)
  const servers = [...text.matchAll(/HTTP\/1.1 200 OK\r\n/g)]
  for (let n = 0; n < 3; n++)
    entered(
      caller,
      'pipelined',
      servers.length === 3 ? { code: 200, flags: '-', cluster: 'main', tries: [200] } : 'not three answers',
      text
    )
}

const old: Kind = async (caller) => {
  const { rig, ledger, id } = caller
  const text = await say(ledger, rig.port, `${head(id, 'chunked', '1.0')}\r\n`)
  rig.arrivals.forget(id)
  entered(
    caller,
    'old',
    /^HTTP\/1.[01] 200[^]*\r\n\r\nx{10}$/.test(text) ? { code: 200, flags: '-', cluster: 'main', tries: [200] } : 'not ten bytes',
    text
  )
}

const malformed: Kind = async (caller) => {
  const text = await say(
    caller.ledger,
    caller.rig.port,
    caller.dice.pick(['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n'])
  )
  entered(caller, 'malformed', text.startsWith('HTTP/1.1 400 ') ? { code: 400, flags: 'DPE' } : 'not 400', text)
}

// Half a head, or nothing at all: no request.
const silent: Kind = ({ rig, ledger, dice, id }) =>
  new Promise((resolve) => {
    const socket = open(ledger, rig.port)
    socket.on('close', () => resolve())
    socket.on('connect', () => {
      if (dice.chance(0.5)) socket.write(head(id, 'answer'))
      socket.end()
      socket.resume()
    })
  })

const upgraded: Kind = async (caller) => {
  const { rig, ledger, id } = caller
  const text = await say(ledger, rig.port, `${head(id, 'answer')}Connection: upgrade\r\nUpgrade: echo\r\n\r\n${'e'.repeat(5000)}`, (text) =>
    text.endsWith('e'.repeat(5000))
  )
  rig.arrivals.forget(id)
  entered(caller, 'upgraded', text.startsWith('HTTP/1.1 101 ') ? { code: 101, flags: '-', cluster: 'main', tries: [101] } : 'not 101', text)
}

// To an address that the mesh does not know, ever another one.
const outside: Kind = (caller) => {
  const { rig, dice, id } = caller
  const [server] = rig.called.get('PassthroughCluster') ?? []
  const authority = `127.0.${dice.below(4)}.${1 + dice.below(250)}:${server?.port ?? 0}`
  const how = { method: 'GET', host: authority, path: `http://${authority}/`, fields: fieldsOf(id, 'close', 10), agent: undefined }
  return asked({ ...caller, rig: { ...rig, port: rig.podPort } }, 'outside', how, (got) => answered(got, 10, { tries: [] }))
}

/** The kinds and how often each comes, in parts of their sum. */
export const KINDS: readonly (readonly [kind: Kind, parts: number])[] = [
  [reading, 40],
  [writing, 20],
  [retried, 5],
  [retriedForTime, 0.3],
  [overdue, 2],
  [unreachable, 2],
  [aborted, 2],
  [moved, 2],
  [fixed, 2],
  [delayed, 2],
  [mirrored, 4],
  [lost, 4],
  [reset, 2],
  [cut, 2],
  [left, 3],
  [leftInAnswer, 2],
  [pipelined, 3],
  [old, 2],
  [malformed, 2],
  [silent, 3],
  [upgraded, 3],
  [outside, 3]
]
