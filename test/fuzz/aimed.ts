// What chance alone brings together too rarely: a request and the answer that makes it interesting, and the moment for something to happen.

import type { Dice } from '../http1/dice.ts'
import type { AnswerPlay, CallerPlay, Play } from './play.ts'

const CALLER: CallerPlay = { messages: [], pipelines: false, piece: 100_000, reads: 65_536, window: 100_000, after: 'stay' }
const ANSWER: AnswerPlay = { text: '', when: 'whole', piece: 100_000, after: 'stay', reads: 65_536 }

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: reviews\r\nX-Id: @@\r\n${more}\r\n`
const post = (bytes: number, more = ''): string =>
  `POST /up HTTP/1.1\r\nHost: reviews\r\nX-Id: @@\r\n${more}Content-Length: ${bytes}\r\n\r\n{u*${bytes}}`
const answer = (status: string, bytes: number, more = ''): string =>
  `HTTP/1.1 ${status}\r\nX-Serial: @@\r\n${more}Content-Length: ${bytes}\r\n\r\n${bytes === 0 ? '' : `{v*${bytes}}`}`
const ok = (bytes: number, more: Partial<AnswerPlay> = {}): AnswerPlay => ({ ...ANSWER, text: answer('200 OK', bytes), ...more })

type Aim = (dice: Dice, play: Play) => Play

// A protocol of its own, in both directions, that either side may leave.
const upgrade: Aim = (dice, play) => ({
  ...play,
  callers: [
    {
      ...CALLER,
      messages: [get('/chat', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'), 'bytes of a caller', 'and {w*9000}'],
      pipelines: dice.chance(0.5),
      piece: dice.pick([7, 1000, 100_000]),
      reads: dice.pick([0, 10, 65_536]),
      window: dice.pick([50, 100_000]),
      after: dice.pick(['stay', 'half', 'reset', 'close'] as const)
    }
  ],
  answers: [
    {
      ...ANSWER,
      text: `HTTP/1.1 101 Switching Protocols\r\nX-Serial: @@\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${dice.pick(['', 'hello', '{t*90000}'])}`,
      when: dice.pick(['whole', 'head'] as const),
      piece: dice.pick([7, 1000, 100_000]),
      after: dice.pick(['stay', 'stay', 'end', 'reset', 'close'] as const)
    },
    ...play.answers
  ]
})

// Some are slow to read, all ask ahead.
const slow: Aim = (dice, play) => ({
  ...play,
  callers: [0, 1].map(() => ({
    ...CALLER,
    messages: Array.from({ length: 2 + dice.below(4) }, () => dice.pick([get('/a'), get('/b'), post(50)])),
    pipelines: true,
    piece: dice.pick([30, 100_000]),
    reads: dice.pick([0, 10, 1000]),
    window: dice.pick([1, 200, 5000])
  })),
  answers: Array.from({ length: 3 }, () => ok(dice.pick([10, 5000, 90_000, 400_000]), { piece: dice.pick([1000, 100_000]) }))
})

// The answer is there before the upload is, and the endpoint may be gone then.
const early: Aim = (dice, play) => ({
  ...play,
  callers: [
    {
      ...CALLER,
      messages: [
        post(dice.pick([300, 5000, 90_000, 400_000]), dice.chance(0.3) ? 'Expect: 100-continue\r\n' : ''),
        get('/after'),
        post(20)
      ],
      pipelines: dice.chance(0.5),
      piece: dice.pick([60, 1000, 100_000])
    }
  ],
  answers: [
    {
      ...ANSWER,
      text: dice.pick([
        answer('413 Too Large', 10),
        answer('200 OK', 90_000),
        answer('503 Busy', 0),
        answer('200 OK', 4, 'Connection: close\r\n')
      ]),
      when: 'head',
      piece: dice.pick([7, 100_000]),
      reads: dice.pick([0, 100, 65_536]),
      after: dice.pick(['stay', 'end', 'reset', 'close'] as const)
    },
    ok(20)
  ],
  windows: [dice.pick([50, 5000, 100_000])]
})

// What is sent again with its body, after an answer, a reset, or a connection that does not come.
const again: Aim = (dice, play) => ({
  ...play,
  rules: {
    ...play.rules,
    attempts: dice.pick([1, 2, 4]),
    retryOn: dice.below(3),
    endpoints: dice.pick([1, 2, 3]),
    mirror: dice.pick([0, 1_000_000])
  },
  callers: [
    {
      ...CALLER,
      messages: [post(dice.pick([20, 300, 5000])), get('/a'), post(20)],
      pipelines: dice.chance(0.3),
      piece: dice.pick([60, 100_000])
    }
  ],
  answers: [
    {
      ...ANSWER,
      text: answer('503 Busy', dice.pick([0, 50])),
      after: dice.pick(['stay', 'end'] as const),
      when: dice.pick(['whole', 'head'] as const)
    },
    { ...ANSWER, after: dice.pick(['reset', 'close'] as const), text: dice.pick(['', 'HTTP/1.1 20']) },
    ok(200)
  ],
  dials: dice.pick([['accept'], ['refuse', 'accept'], ['accept', 'hang', 'accept']])
})

// Kept connections that the endpoint closes, with the next request on its way.
const stale: Aim = (dice, play) => ({
  ...play,
  rules: { ...play.rules, endpoints: 1 },
  callers: [{ ...CALLER, messages: [get('/1'), dice.pick([get('/2'), post(30)]), get('/3'), post(5)] }],
  answers: [ok(10, { after: dice.pick(['end', 'close', 'reset'] as const) }), ok(20)],
  events: [{ at: 4 + dice.below(20), kind: 'endpoint', which: 0, act: dice.pick(['end', 'reset', 'close'] as const) }]
})

// The rules change, or the worker is drained, with everything under way.
const middle: Aim = (dice, play) => ({
  ...play,
  callers: [
    { ...CALLER, messages: [post(90_000), get('/a')], piece: 1000, pipelines: dice.chance(0.5) },
    { ...CALLER, messages: [get('/a'), get('/b'), get('/c')], reads: dice.pick([10, 65_536]), window: 200, pipelines: dice.chance(0.5) }
  ],
  answers: [ok(90_000, { piece: 1000 }), ok(10)],
  events: [
    { at: 3 + dice.below(30), kind: 'rules', change: { endpoints: dice.pick([0, 1, 2, 3]), timeout: dice.pick([0, 40, 400]) } },
    { at: 10 + dice.below(40), kind: 'drain' },
    { at: 20 + dice.below(60), kind: 'time', ms: dice.pick([30, 300, 1100]) }
  ]
})

const AIMS: readonly Aim[] = [upgrade, slow, early, again, stale, middle]

/** This play, made into one of those. */
export function aimed(dice: Dice, play: Play): Play {
  return dice.pick(AIMS)(dice, play)
}
