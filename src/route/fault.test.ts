import { describe, expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { abortAnswer, drawDelay, isDrawn, ownAnswer } from './fault.ts'
import type { RequestFacts } from './request-facts.ts'

function facts(type?: string): RequestFacts {
  return {
    method: 'POST',
    path: '/',
    authority: 'a',
    scheme: 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => (name === 'content-type' ? type : undefined)
  }
}

describe('draws', () => {
  const never = (): number => {
    throw new Error('drawn')
  }

  test('none and all are certain and need no draw', () => {
    expect(isDrawn(0, never)).toBe(false)
    expect(isDrawn(1_000_000, never)).toBe(true)
  })

  test('a share is that many millionths, to the last one', () => {
    expect(isDrawn(1, () => 0)).toBe(true)
    expect(isDrawn(1, () => 1e-6)).toBe(false)
    expect(isDrawn(999_999, () => 0.999_998_9)).toBe(true)
    expect(isDrawn(999_999, () => 0.999_999)).toBe(false)
  })

  test('a delay is drawn at its share, and none is 0', () => {
    expect(drawDelay({ delay: { millis: 5, millionths: 500_000 }, abort: undefined }, () => 0.4)).toBe(5)
    expect(drawDelay({ delay: { millis: 5, millionths: 500_000 }, abort: undefined }, () => 0.5)).toBe(0)
    expect(drawDelay({ delay: undefined, abort: undefined }, never)).toBe(0)
  })

  test.each([50, 5000, 100_000, 500_000])('%i millionths of 200000 draws, within four deviations', (millionths) => {
    const draw = seeded(3)
    const n = 200_000
    let hits = 0
    for (let at = 0; at < n; at += 1) if (isDrawn(millionths, draw)) hits += 1
    const p = millionths / 1_000_000
    expect(Math.abs(hits - n * p)).toBeLessThanOrEqual(4 * Math.sqrt(n * p * (1 - p)))
  })
})

describe('how an abort looks', () => {
  test.each<[string, string | undefined, number, number | undefined, object]>([
    [
      'plain client, HTTP status',
      undefined,
      418,
      undefined,
      { status: 418, headers: [['content-type', 'text/plain']], body: 'fault filter abort' }
    ],
    [
      'plain client, gRPC status',
      'text/plain',
      200,
      14,
      { status: 200, headers: [['content-type', 'text/plain']], body: 'fault filter abort' }
    ],
    ['gRPC client, gRPC status', 'application/grpc', 200, 5, grpc('5')],
    ['gRPC client, HTTP status', 'application/grpc+proto', 503, undefined, grpc('14')],
    ['gRPC client, status without a counterpart', 'application/grpc', 418, undefined, grpc('2')],
    [
      'gRPC-Web is plain',
      'application/grpc-web',
      500,
      undefined,
      { status: 500, headers: [['content-type', 'text/plain']], body: 'fault filter abort' }
    ]
  ])('%s', (...[, type, status, code, expected]) => {
    expect(abortAnswer(facts(type), { status, grpc: code, millionths: 1 })).toEqual(expected)
  })

  function grpc(code: string): object {
    const headers = [
      ['content-type', 'application/grpc'],
      ['grpc-status', code],
      ['grpc-message', 'fault filter abort']
    ]
    return { status: 200, headers, body: '' }
  }
})

test.each([
  [400, '13'],
  [401, '16'],
  [403, '7'],
  [404, '12'],
  [429, '14'],
  [502, '14'],
  [504, '14'],
  [500, '2']
])('HTTP status %i is gRPC status %s', (status, code) => {
  expect(ownAnswer(facts('application/grpc'), { status, body: '' }).headers).toContainEqual(['grpc-status', code])
})

test('a message is percent-encoded for gRPC; an empty answer has no type', () => {
  expect(ownAnswer(facts('application/grpc'), { status: 200, body: '50% é\n' }).headers).toContainEqual(['grpc-message', '50%25 %C3%A9%0A'])
  expect(ownAnswer(facts(), { status: 200, body: '' })).toEqual({ status: 200, headers: [], body: '' })
})
