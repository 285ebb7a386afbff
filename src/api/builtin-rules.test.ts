import { expect, test } from 'vitest'
import { prepareKind, validateKind } from './builtin-rules.ts'
import type { KubeObject } from './object.ts'

const service = (spec: Record<string, unknown>): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec })

test('built-in objects are judged, others pass unchanged', () => {
  expect(validateKind(service({}), undefined)).toEqual([{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports' }])
  const custom: KubeObject = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: {}, spec: { odd: 1 } }
  expect([prepareKind(custom, custom), validateKind(custom, undefined)]).toEqual([custom, []])
})

test('an update without addresses and node ports keeps them', () => {
  const old = service({
    type: 'NodePort',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ports: [{ port: 80, protocol: 'TCP', nodePort: 30_001 }]
  })
  const update = service({
    type: 'NodePort',
    ports: [
      { port: 80, protocol: 'TCP' },
      { port: 81, protocol: 'TCP' }
    ]
  })
  expect(prepareKind(update, old)['spec']).toEqual({
    type: 'NodePort',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ports: [
      { port: 80, protocol: 'TCP', nodePort: 30_001 },
      { port: 81, protocol: 'TCP' }
    ]
  })
  expect(prepareKind(service({ type: 'ClusterIP', ports: [{ port: 80 }] }), old)['spec']).toMatchObject({ ports: [{ port: 80 }] })
})
