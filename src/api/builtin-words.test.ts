import { expect, test } from 'vitest'
import { between, DNS_LABEL, DNS_SUBDOMAIN, isAddress, labelFaults, portFaults, textFaults } from './builtin-words.ts'

test.each([
  [DNS_LABEL, 'web-1', 0],
  [DNS_LABEL, '1web', 0],
  [DNS_LABEL, 'Web', 1],
  [DNS_LABEL, '-web', 1],
  [DNS_LABEL, 'a'.repeat(64), 1],
  [DNS_SUBDOMAIN, 'web.example', 0],
  [DNS_SUBDOMAIN, 'web_.example', 1]
])('%j on %s finds %i faults', (rule, text, count) => {
  expect(textFaults(text, 'f', rule)).toHaveLength(count)
})

test('labels: keys with a prefix, values that may be empty', () => {
  expect(labelFaults({ 'app.kubernetes.io/name': 'web', empty: '' }, 'metadata.labels')).toEqual([])
  expect(labelFaults({ 'a b': 'x', c: 'y z' }, 'metadata.labels').map((cause) => cause.message.slice(0, 40))).toEqual([
    'Invalid value: "a b": name part must con',
    'Invalid value: "y z": a valid label must'
  ])
})

test('ports by number and by name', () => {
  expect(between(0, 'p')).toEqual([
    { reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be between 1 and 65535, inclusive', field: 'p' }
  ])
  expect(portFaults('http', 'p')).toEqual([])
  expect(portFaults('a-name-that-is-too-long', 'p')).toHaveLength(1)
  expect(portFaults('80', 'p')[0]?.message).toContain('must contain at least one letter (a-z)')
})

test.each([
  ['10.9.8.7', true],
  ['2001:db8::ffff', true],
  ['10.9.8', false],
  ['10.9.8.256', false],
  ['010.9.8.7', false],
  ['web', false],
  ['a:b:c', false]
])('%s is an address: %s', (text, is) => expect(isAddress(text)).toBe(is))
