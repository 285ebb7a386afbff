import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { type DetourMesh, detourOf } from './detour.ts'

const object = (kind: string, name: string, status: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'test' },
  status
})
const OBJECTS = [
  object('Service', 'hooks'),
  object('Pod', 'hooks-1', { podIP: '127.10.0.2' }),
  object('Pod', 'liar', { podIP: '169.254.169.254' })
]

function meshOf(behind: Readonly<Record<string, readonly string[]>>, port: number | undefined = 15_001): DetourMesh {
  return { portOf: () => port, objects: () => OBJECTS, addressesBehind: (host) => new Set(behind[host]) }
}
const TARGET = 'hooks.test.svc.cluster.local'

test.each([
  ['hooks', 'test', TARGET],
  ['hooks.test', 'other', TARGET],
  ['hooks.test.svc', 'other', TARGET],
  [TARGET, 'other', TARGET],
  ['hooks', 'other', undefined],
  ['hooks.test.example', 'test', undefined],
  ['hooks.example', 'test', undefined]
])('%s from %s goes through the mesh as %s', (host, namespace, target) => {
  expect(detourOf(host, namespace, meshOf({}))?.host).toBe(target)
})

test('before the mesh listens everything is dialled', () => {
  expect(detourOf('hooks', 'test', { ...meshOf({}), portOf: () => undefined })).toBeUndefined()
})

test("addresses that are no pod's are to be judged, and those of pods that cannot be", () => {
  const behind = ['127.10.0.2', '127.0.0.1', '169.254.169.254', '203.0.113.1']
  expect(detourOf('hooks', 'test', meshOf({ [TARGET]: behind }))?.behind).toEqual(['127.0.0.1', '169.254.169.254', '203.0.113.1'])
})
