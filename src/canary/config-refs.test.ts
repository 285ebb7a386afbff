import { expect, test } from 'vitest'
import { configRefsOf, keyOfConfig, renamedConfigs } from './config-refs.ts'

const keyRef = (kind: 'configMapKeyRef' | 'secretKeyRef', name: string, optional?: boolean) => ({
  name: 'X',
  valueFrom: { [kind]: { name, key: 'k', ...(optional === undefined ? {} : { optional }) } }
})

const spec = (rename: (name: string) => string) => ({
  serviceAccountName: 'files',
  volumes: [
    { name: 'a', configMap: { name: rename('files'), items: [{ key: 'x', path: 'y' }] } },
    { name: 'b', secret: { secretName: rename('tls') } },
    {
      name: 'c',
      projected: { sources: [{ configMap: { name: rename('more') } }, { secret: { name: rename('token') } }, { downwardAPI: {} }] }
    },
    { name: 'd', emptyDir: {} }
  ],
  initContainers: [{ name: 'i', envFrom: [{ prefix: 'P_', configMapRef: { name: rename('init') } }] }],
  containers: [
    {
      name: 'c',
      envFrom: [{ secretRef: { name: rename('env') } }],
      env: [keyRef('configMapKeyRef', rename('files')), keyRef('secretKeyRef', rename('password'))]
    },
    { name: 'plain', env: [{ name: 'A', value: 'files' }] }
  ]
})

const ALL = ['configmap/files', 'secret/tls', 'configmap/more', 'secret/token', 'configmap/init', 'secret/env', 'secret/password']

test('what pods read is found wherever they refer to it, each once', () => {
  expect(configRefsOf(spec((name) => name)).map(keyOfConfig)).toEqual(ALL)
})

test('references are renamed, and nothing else', () => {
  expect(
    renamedConfigs(
      spec((name) => name),
      ({ name }) => `${name}-primary`
    )
  ).toEqual(spec((name) => `${name}-primary`))
  expect(
    renamedConfigs(
      spec((name) => name),
      ({ name }) => name
    )
  ).toEqual(spec((name) => name))
})

test('an object is optional when every reference to it is', () => {
  const container = (...env: readonly object[]) => ({ containers: [{ name: 'c', env }] })
  const [lax, strict] = [keyRef('configMapKeyRef', 'x', true), keyRef('configMapKeyRef', 'x')]
  expect(configRefsOf(container(lax, lax))).toMatchObject([{ name: 'x', optional: true }])
  expect(configRefsOf(container(lax, strict))).toMatchObject([{ name: 'x', optional: false }])
  expect(configRefsOf(container(strict, lax))).toMatchObject([{ name: 'x', optional: false }])
  expect(configRefsOf({ volumes: [{ configMap: { name: 'x', optional: true } }, { secret: { secretName: 'x' } }] })).toEqual([
    { kind: 'configmap', name: 'x', optional: true },
    { kind: 'secret', name: 'x', optional: false }
  ])
})

test('a pod spec of any shape has no references and stays as it is', () => {
  for (const odd of [
    undefined,
    null,
    'x',
    [],
    {},
    { volumes: 'x', containers: [null, { env: {} }] },
    { volumes: [{ configMap: { name: 1 } }] }
  ]) {
    expect(configRefsOf(odd)).toEqual([])
    expect(renamedConfigs(odd, () => 'x')).toEqual(odd)
  }
})
