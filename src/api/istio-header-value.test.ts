import fc from 'fast-check'
import { expect, test } from 'vitest'
import { valueProblem } from './istio-header-value.ts'
import { parseFormat } from '../route/format.ts'

test.each([
  '',
  'plain',
  '100%%',
  '%HOSTNAME%',
  'a %HOSTNAME% b',
  '%REQ(x)%',
  '%REQ(x?y) %',
  '%START_TIME(%s.%3f)%',
  'a\tb',
  '%ANY_WORD%',
  '%UPSTREAM_METADATA(["a", "b"])%',
  '%REQ(a\\)b)%',
  '%%%%'
])('Istio takes %s', (value) => {
  expect(valueProblem(value)).toBeUndefined()
})

test.each([
  '50%',
  'abc%123',
  '%START_TIME%%',
  '%REQ(x)',
  '%REQ(x',
  '%REQ()%',
  '%REQ(x):5%',
  '%UPSTREAM_METADATA([a])%',
  '%REQ(a\\',
  '%UPSTREAM_METADATA(["a" "b"])%',
  '%UPSTREAM_METADATA(["a"]x)%',
  'a\nb',
  'a\u007fb'
])('Istio refuses %s', (value) => {
  expect(valueProblem(value)).toBeDefined()
})

test('a value without percent signs and control characters is taken by Istio and means itself', () => {
  const text = fc.string().filter((value) => !/[%\0-\x1f\x7f]/.test(value))
  fc.assert(
    fc.property(text, (value) => {
      expect(valueProblem(value)).toBeUndefined()
      expect(parseFormat(value)).toEqual(value === '' ? [] : [value])
      expect(valueProblem(value.replaceAll(/./g, '%%'))).toBeUndefined()
    }),
    { seed: 3, numRuns: 500 }
  )
})
