import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FormatFacts } from '../route/format-facts.ts'
import { lineFormat } from './access-format.ts'

function factsOf(value: string | undefined): FormatFacts {
  return {
    now: 0,
    start: 0,
    zone: 0,
    header: () => value,
    environment: () => value,
    metadata: () => undefined,
    fact: (name) => (name === 'RESPONSE_CODE' ? 200 : value)
  }
}

test('a JSON line says what it should in whatever bytes a request has', () => {
  const wanted = { 'a"b': '%REQ(X)%', c: '%REQ(X)% %RESPONSE_CODE%', d: '%RESPONSE_CODE%', e: '%CONNECTION_TERMINATION_DETAILS%' }
  const format = lineFormat({ encoding: 'json', format: JSON.stringify(wanted) })
  if ('problem' in format) throw new Error(format.problem)
  const octets = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(octets, (value) => {
      expect(JSON.parse(format.line(factsOf(value)))).toEqual({ 'a"b': value, c: `${value} 200`, d: 200, e: value })
    })
  )
  expect(format.line(factsOf(undefined))).toBe('{"a\\"b":null,"c":"- 200","d":200,"e":null}')
})
