// The next play from one or two others: parts replaced, added and left out as their structure has it, and bytes of texts changed as if it had none.

import type { Dice } from '../http1/dice.ts'
import type { AnswerPlay, CallerPlay, Play } from './play.ts'
import { anyAnswer, anyCaller, anyDial, anyEvent, anyRequest, anyRules } from './seeds.ts'
import { CHOICES } from './rules.ts'
import type { Rules } from './rules.ts'

const PIECES = [1, 2, 7, 60, 1000, 100_000]
const READS = [0, 1, 10, 100, 4096, 65_536]
const WINDOWS = [1, 50, 200, 5000, 100_000]
const CALLERS_MAX = 4
const LIST_MAX = 8
const TEXT_MAX = 20_000

/** What HTTP is made of. */
const WORDS: readonly string[] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  ': ',
  ',',
  ';',
  '0\r\n\r\n',
  '0\r\n',
  '5\r\n',
  'ffffffff\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'GET ',
  'HEAD ',
  'POST ',
  'CONNECT ',
  'OPTIONS * ',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '/',
  '*',
  'http://reviews/',
  '@@',
  '%',
  '%00',
  '#',
  '?',
  'Host: reviews\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: x-a, host\r\n',
  'Connection: Upgrade\r\nUpgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'TE: trailers\r\n',
  'Trailer: X\r\n',
  'Content-Type: application/grpc\r\n',
  'Grpc-Status: 0\r\n',
  'Date: x\r\n',
  'X-Forwarded-For: 1.2.3.4\r\n',
  'X-Envoy-Max-Retries: 3\r\n',
  'Origin: http://a\r\n',
  'Cookie: c=1\r\n',
  'Set-Cookie: a=b\r\n',
  '\0',
  '\xff',
  'X-From: 10.9.0.0\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: reviews\r\n\r\n',
  'Content-Length: 18446744073709551617\r\n',
  ';a=b\r\n'
]

/** A play near this one; `other` lends parts. */
export function mutated(dice: Dice, play: Play, other: Play): Play {
  let next = play
  const times = dice.pick([1, 1, 2, 3, 6])
  for (let time = 0; time < times; time++) next = once(dice, next, other)
  return next
}

function once(dice: Dice, play: Play, other: Play): Play {
  switch (dice.below(12)) {
    case 0:
      return { ...play, seed: dice.below(1_000_000) }
    case 1:
      return { ...play, mode: play.mode === 'data' ? 'buffer' : 'data' }
    case 2:
    case 3:
      return { ...play, rules: dice.chance(0.1) ? other.rules : changedRules(dice, play.rules) }
    case 4:
    case 5:
    case 6:
      return {
        ...play,
        callers: changedList(dice, play.callers, { other: other.callers, fresh: anyCaller, change: changedCaller }).slice(0, CALLERS_MAX)
      }
    case 7:
    case 8:
    case 9:
      return { ...play, answers: changedList(dice, play.answers, { other: other.answers, fresh: anyAnswer, change: changedAnswer }) }
    case 10:
      return dice.chance(0.5)
        ? { ...play, dials: changedList(dice, play.dials, { other: other.dials, fresh: anyDial, change: anyDial }) }
        : { ...play, windows: changedList(dice, play.windows, { other: other.windows, fresh: aWindow, change: aWindow }) }
    default:
      return { ...play, events: changedList(dice, play.events, { other: other.events, fresh: anyEvent, change: anyEvent }) }
  }
}

const aWindow = (dice: Dice): number => dice.pick(WINDOWS)

function changedRules(dice: Dice, rules: Rules): Rules {
  if (dice.chance(0.1)) return anyRules(dice, 0.3)
  const name = dice.pick(Object.keys(CHOICES) as (keyof Rules)[])
  return { ...rules, [name]: dice.pick<unknown>(CHOICES[name]) }
}

interface Ways<T> {
  readonly other: readonly T[]
  readonly fresh: (dice: Dice) => T
  readonly change: (dice: Dice, one: T) => T
}

function changedList<T>(dice: Dice, list: readonly T[], { other, fresh, change }: Ways<T>): T[] {
  const at = dice.below(list.length + 1)
  const one = list[at]
  const way = dice.below(10)
  if (way === 0 || list.length === 0) return [...list.slice(0, at), fresh(dice), ...list.slice(at)].slice(0, LIST_MAX)
  if (way === 1) return list.filter((_, place) => place !== at)
  if (way === 2 && other.length > 0) return [...list.slice(0, at), dice.pick(other), ...list.slice(at + 1)].slice(0, LIST_MAX)
  if (way === 3 && one !== undefined) return [...list.slice(0, at), one, ...list.slice(at)].slice(0, LIST_MAX)
  const place = at % list.length
  return list.map((element, index) => (index === place ? change(dice, element) : element))
}

function changedCaller(dice: Dice, caller: CallerPlay): CallerPlay {
  switch (dice.below(8)) {
    case 0:
      return { ...caller, pipelines: !caller.pipelines }
    case 1:
      return { ...caller, piece: dice.pick(PIECES) }
    case 2:
      return { ...caller, reads: dice.pick(READS), window: dice.pick(WINDOWS) }
    case 3:
      return { ...caller, after: dice.pick(['stay', 'stay', 'half', 'reset', 'close'] as const) }
    default:
      return {
        ...caller,
        messages: changedList(dice, caller.messages, { other: caller.messages, fresh: anyRequest, change: changedText })
      }
  }
}

function changedAnswer(dice: Dice, answer: AnswerPlay): AnswerPlay {
  switch (dice.below(8)) {
    case 0:
      return { ...answer, when: dice.pick(['whole', 'whole', 'head', 'open'] as const) }
    case 1:
      return { ...answer, piece: dice.pick(PIECES) }
    case 2:
      return { ...answer, reads: dice.pick(READS) }
    case 3:
      return { ...answer, after: dice.pick(['stay', 'end', 'reset', 'close'] as const) }
    case 4:
      return anyAnswer(dice)
    default:
      return { ...answer, text: changedText(dice, answer.text) }
  }
}

/** Bytes changed, words put in, pieces doubled and left out. */
export function changedText(dice: Dice, text: string): string {
  let next = text
  const times = dice.pick([1, 1, 1, 2, 4])
  for (let time = 0; time < times; time++) next = changedOnce(dice, next)
  return next.slice(0, TEXT_MAX)
}

function changedOnce(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1)
  const length = dice.pick([1, 1, 2, 5, 30])
  const [before, piece, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)]
  switch (dice.below(9)) {
    case 0:
      return before + after
    case 1:
      return before + String.fromCharCode(dice.below(256)) + text.slice(at + 1)
    case 2:
    case 3:
      return before + dice.pick(WORDS) + text.slice(at)
    case 4:
      return before + piece + piece + after
    case 5:
      return afterLine(dice, text, dice.pick(WORDS))
    case 6:
      return text.replace(/\d+/, () => String(dice.pick([0, 1, 2, 9, 10, 16, 255, 4000, 100_000])))
    case 7:
      return withoutLine(dice, text)
    default:
      return before
  }
}

function afterLine(dice: Dice, text: string, word: string): string {
  const lines = text.split('\r\n')
  const at = 1 + dice.below(Math.max(1, Math.min(lines.length - 1, 8)))
  return [...lines.slice(0, at), word.replace(/\r\n$/, ''), ...lines.slice(at)].join('\r\n')
}

function withoutLine(dice: Dice, text: string): string {
  const lines = text.split('\r\n')
  const at = dice.below(Math.min(lines.length, 8))
  return lines.filter((_, place) => place !== at).join('\r\n')
}
