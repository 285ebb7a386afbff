import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { configMapOf, configViewOf, secretOf } from '../../test/rollout-objects.ts'
import { sameJson } from '../std/json.ts'
import { adoptedChecksum, checksumOfConfig, checksumsOf, isCopied, missingConfigs, trackedConfigs } from './configs.ts'

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

test('checksums are those that Flagger wrote', () => {
  // flagger-observed.md, fact 23 and scenario config
  expect(checksumOfConfig(configMapOf('x', { color: 'blue' }))).toBe('f234cb93c08ad64e')
  expect(checksumOfConfig(configMapOf('x', { color: 'green' }))).toBe('b1c0d2a81c6839b3')
})

test.each<readonly [object, string]>([
  [configMapOf('x', { b: '2', a: '1' }), '{"a":"1","b":"2"}'],
  [configMapOf('x', {}), 'null'],
  [configMapOf('x', undefined), 'null'],
  [configMapOf('x', { a: '<b>&"\\/\u2028\u2029' }), '{"a":"\\u003cb\\u003e\\u0026\\"\\\\/\\u2028\\u2029"}'],
  [configMapOf('x', { a: '\b\f\n\r\t\u0000\u001f\u007fé😀' }), '{"a":"\\b\\f\\n\\r\\t\\u0000\\u001f\u007fé😀"}'],
  [secretOf('x', { password: 'cGFzcw==' }), '{"password":"cGFzcw=="}'],
  [secretOf('x', { a: '' }), '{"a":""}'],
  // bytes are what counts, not how their base64 was written
  [secretOf('x', { a: 'cGFz\ncw==' }), '{"a":"cGFzcw=="}'],
  [secretOf('x', { a: 'cGFzcx==' }), '{"a":"cGFzcw=="}']
])('%j is hashed as Go writes it in JSON', (object, json) => {
  expect(checksumOfConfig(object as ReturnType<typeof configMapOf>)).toBe(sha(json))
})

test('a change of any value, key or byte changes the checksum', () => {
  const data = fc.dictionary(fc.stringMatching(/^[a-z._-]{1,5}$/), fc.string())
  fc.assert(
    fc.property(data, data, (a, b) => {
      const same = sameJson(a, b)
      expect(checksumOfConfig(configMapOf('x', a)) === checksumOfConfig(configMapOf('y', b))).toBe(same)
    }),
    { seed: 6 }
  )
})

test('binaryData counts where there is some, and a checksum of Flagger without it is adopted', () => {
  const plain = configMapOf('x', { a: '1' })
  const binary = { ...plain, binaryData: { b: 'AAE=' } }
  expect(checksumOfConfig(binary)).not.toBe(checksumOfConfig({ ...plain, binaryData: { b: 'AAI=' } }))
  expect(checksumOfConfig({ ...plain, binaryData: {} })).toBe(checksumOfConfig(plain))
  expect(adoptedChecksum(checksumOfConfig(plain), checksumOfConfig(binary))).toBe(checksumOfConfig(binary))
  expect(adoptedChecksum('0123456789abcdef', checksumOfConfig(binary))).toBe('0123456789abcdef')
})

test.each<readonly [string, object, boolean]>([
  ['a ConfigMap', configViewOf(configMapOf('x', {})), true],
  ['a ConfigMap that opts out', configViewOf(configMapOf('x', {}, { 'flagger.app/config-tracking': 'disabled' })), false],
  ['a ConfigMap that opts out in another word', configViewOf(configMapOf('x', {}, { 'flagger.app/config-tracking': 'disable' })), false],
  ['a ConfigMap that asks for tracking', configViewOf(configMapOf('x', {}, { 'flagger.app/config-tracking': 'enabled' })), true],
  ['a Secret without a type', configViewOf(secretOf('x', {}, undefined)), true],
  ...['Opaque', 'kubernetes.io/basic-auth', 'kubernetes.io/ssh-auth', 'kubernetes.io/tls'].map(
    (type) => [`a Secret of type ${type}`, configViewOf(secretOf('x', {}, type)), true] as const
  ),
  ['a service account token', configViewOf(secretOf('x', {}, 'kubernetes.io/service-account-token')), false],
  ['a registry password', configViewOf(secretOf('x', {}, 'kubernetes.io/dockerconfigjson')), false],
  ['nothing', { kind: 'configmap', name: 'x', optional: true, object: undefined, copy: undefined }, false]
])('%s is tracked or not', (_, view, tracked) => {
  expect(trackedConfigs([view as ReturnType<typeof configViewOf>])).toHaveLength(tracked ? 1 : 0)
})

test('what is missing is named unless it is optional, and counts as it was last known', () => {
  const missing = { kind: 'secret', name: 'gone', optional: false, object: undefined, copy: undefined } as const
  const there = configViewOf(configMapOf('x', { color: 'blue' }))
  expect(missingConfigs([there, missing, { ...missing, name: 'lax', optional: true }])).toEqual([missing])
  expect(checksumsOf([there, missing])).toEqual({ 'configmap/x': 'f234cb93c08ad64e' })
  expect(checksumsOf([there, missing], { 'secret/gone': '1', 'secret/other': '2' })).toEqual({
    'configmap/x': 'f234cb93c08ad64e',
    'secret/gone': '1'
  })
})

test('a copy is up to date when its content is', () => {
  const object = configMapOf('x', { color: 'blue' })
  expect(isCopied({ ...configViewOf(object), object })).toBe(false)
  expect(isCopied({ ...configViewOf(object), object, copy: configMapOf('x-primary', { color: 'blue' }) })).toBe(true)
  expect(isCopied({ ...configViewOf(object), object, copy: configMapOf('x-primary', { color: 'green' }) })).toBe(false)
})
