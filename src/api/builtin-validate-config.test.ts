import { expect, test } from 'vitest'
import { configFaults, secretFaults } from './builtin-validate-config.ts'

const texts = (found: ReturnType<typeof configFaults>): string[] => found.map(({ field, message }) => `${field}: ${message.slice(0, 60)}`)

// Each text is what kube-apiserver 1.36 answered to the same object.
test.each<[object, string[]]>([
  [{ data: { 'a.b-c_D': 'x' }, binaryData: { b: 'eA==' } }, []],
  [{ data: { 'a b': 'x' } }, ['data[a b]: Invalid value: "a b": a valid config key must consist of alp']],
  [{ data: { '.': 'x' } }, [`data[.]: Invalid value: ".": must not be '.'`]],
  [{ data: { '..a': 'x' } }, [`data[..a]: Invalid value: "..a": must not start with '..'`]],
  [{ data: { a: 'x' }, binaryData: { a: 'eA==' } }, ['data[a]: Invalid value: "a": duplicate of key present in binaryData']],
  [{ data: { a: 'x'.repeat(1_048_577) } }, ['[]: Too long: may not be more than 1048576 bytes']]
])('of a ConfigMap %j is refused %j', (config, wanted) => expect(texts(configFaults({ ...config }))).toEqual(wanted))

test.each<[object, string[]]>([
  [{ type: 'Opaque', data: { a: 'eA==' } }, []],
  [{ type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==' } }, ['data[tls.key]: Required value']],
  [{ type: 'kubernetes.io/dockerconfigjson' }, ['data[.dockerconfigjson]: Required value']],
  [{ type: 'Opaque', data: { a: 'QUFB'.repeat(349_526) } }, ['data: Too long: may not be more than 1048576 bytes']]
])('of a Secret %j is refused %j', (secret, wanted) => expect(texts(secretFaults({ ...secret }, undefined))).toEqual(wanted))

test('the type of a Secret stays', () => {
  expect(texts(secretFaults({ type: 'b' }, { type: 'a' }))).toEqual(['type: Invalid value: "b": field is immutable'])
})
