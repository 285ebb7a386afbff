import { expect, test } from 'vitest'
import { containerEnv, expand, type EnvSources } from './env.ts'
import type { Container } from '../api/builtin-types-pod.ts'

const sources: EnvSources = {
  pod: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', namespace: 'test', uid: 'u', labels: { app: 'web' } },
    spec: { containers: [], nodeName: 'serin' }
  },
  podIP: '127.10.0.2',
  hostIP: '127.0.0.1',
  configMaps: new Map([['conf', { COLOR: 'blue', empty: '' }]]),
  secrets: new Map([['keys', { token: 's3cret' }]]),
  services: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'my-shop' },
      spec: { clusterIP: '127.96.0.2', ports: [{ name: 'http-main', port: 80 }] }
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'headless' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } }
  ]
}
const envOf = (container: Partial<Container>): ReturnType<typeof containerEnv> => containerEnv({ name: 'web', ...container }, sources)

test('references, Services and expansion', () => {
  const { env, missing } = envOf({
    envFrom: [{ prefix: 'C_', configMapRef: { name: 'conf' } }, { secretRef: { name: 'gone', optional: true } }],
    env: [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'MAYBE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'none', optional: true } } },
      { name: 'URL', value: 'http://$(MY_SHOP_SERVICE_HOST):$(MY_SHOP_SERVICE_PORT)/$(POD)?$(LATER)$$(POD)' },
      { name: 'LATER', value: '1' }
    ]
  })
  expect(missing).toEqual([])
  expect(env).toEqual({
    MY_SHOP_SERVICE_HOST: '127.96.0.2',
    MY_SHOP_SERVICE_PORT: '80',
    MY_SHOP_SERVICE_PORT_HTTP_MAIN: '80',
    C_COLOR: 'blue',
    C_empty: '',
    POD: 'web-1',
    IP: '127.10.0.2',
    APP: 'web',
    TOKEN: 's3cret',
    URL: 'http://127.96.0.2:80/web-1?$(LATER)$(POD)',
    LATER: '1'
  })
})

test('what is missing is said as Kubernetes says it', () => {
  const { missing } = envOf({
    envFrom: [{ configMapRef: { name: 'gone' } }],
    env: [
      { name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'other' } } },
      { name: 'B', valueFrom: { configMapKeyRef: { name: 'gone', key: 'x' } } }
    ]
  })
  expect(missing).toEqual(['configmap "gone" not found', 'couldn\'t find key other in secret "keys"', 'configmap "gone" not found'])
})

test('expansion leaves what it does not know', () => {
  const cases = [
    ['$(A)', 'x'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$x'],
    ['$(B) $A $', '$(B) $A $'],
    ['$(toString)', '$(toString)'],
    ['$(A', '$(A']
  ]
  for (const [text = '', expected] of cases) expect(expand(text, { A: 'x' })).toBe(expected)
})
