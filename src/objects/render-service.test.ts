import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import { releaseService, serviceWrites } from './render-service.ts'

const canary = canaryOf({}, { service: { port: 80, targetPort: 8080, portName: 'http2' } })
const source = { canary, plan: planOf(canary), label: { key: 'app', value: 'api' }, target: deploymentOf('api:1') }

function live(): KubeObject {
  const [write] = serviceWrites(source, 'apex', undefined)
  if (write?.verb !== 'create') throw new Error('no Service was created')
  return write.object
}

test('a Service as it should be gets no write, a foreign selector key and port are put right, foreign metadata stays', () => {
  expect(serviceWrites(source, 'apex', live())).toEqual([])
  const changed = {
    ...live(),
    metadata: { ...live().metadata, labels: { app: 'api', team: 'x' } },
    spec: {
      selector: { app: 'api', version: 'v1' },
      ports: [{ name: 'http2', protocol: 'TCP', port: 80, targetPort: 9, nodePort: 31_000 }]
    }
  }
  expect(serviceWrites(source, 'apex', changed)).toMatchObject([
    {
      patch: {
        body: { spec: { selector: { app: 'api-primary', version: null }, ports: [{ port: 80, targetPort: 8080, nodePort: 31_000 }] } }
      }
    }
  ])
})

test('a Service that is given back selects the pods of the target', () => {
  expect(releaseService(source, live())).toMatchObject([{ patch: { body: { spec: { selector: { app: 'api' } } } } }])
})

test('a key called unmanaged is set at creation and left alone afterwards', () => {
  const key = 'helm.toolkit.fluxcd.io/driftDetection'
  const service = { port: 80, targetPort: 8080, portName: 'http2', unmanagedMetadata: { annotations: [key], labels: ['absent'] } }
  const unmanaged = { ...source, canary: canaryOf({}, { service }) }
  const [created] = serviceWrites(unmanaged, 'apex', undefined)
  expect(created).toMatchObject({ verb: 'create', object: { metadata: { annotations: { [key]: 'disabled' } } } })
  const changed = { ...live(), metadata: { ...live().metadata, annotations: { ...live().metadata.annotations, [key]: 'mine' } } }
  expect(serviceWrites(unmanaged, 'apex', changed)).toEqual([])
  expect(serviceWrites(source, 'apex', changed)).toMatchObject([{ patch: { body: { metadata: { annotations: { [key]: 'disabled' } } } } }])
})
