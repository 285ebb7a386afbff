import { expect, test } from 'vitest'
import { inputOf, notesOf, sourceOf } from '../../test/argo.ts'
import { serviceOf } from './argo-service.ts'
import type { Source } from './note.ts'

const WORKLOAD = {
  name: 'api',
  template: { metadata: { labels: { app: 'api' } }, spec: { containers: [{ ports: [{ containerPort: 8080 }] }] } },
  made: undefined
}
const SERVICE = sourceOf('Service', { selector: { app: 'api' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] })

function convert(canary: object, main: string | undefined, ...sources: readonly Source[]) {
  const notes = notesOf()
  const rollout = sourceOf('Rollout', { strategy: { canary } })
  const service = serviceOf({ rollout, input: inputOf(...sources), workload: WORKLOAD, notes: notes.notes, main, others: [] })
  return { service, lines: notes.lines().map((line) => line.replace(/:.*/, '')) }
}

const istio = (routes?: readonly string[]) => ({ trafficRouting: { istio: { virtualService: { name: 'vs', routes } } } })
const route = { destination: { host: 'api' } }

test('the Service says the port, else the container', () => {
  expect(convert({}, 'api', SERVICE).service).toEqual({ port: 80, targetPort: 'web', portName: 'http' })
  expect(convert({}, undefined, SERVICE).service).toEqual({ port: 80, targetPort: 'web', portName: 'http' })
  expect(convert({}, 'other')).toEqual({ service: { name: 'other', port: 8080 }, lines: ['warning spec.template'] })
})

test('hosts, gateways and the managed rule of the VirtualService are kept', () => {
  const http = [{ name: 'x', timeout: '1s', retries: { attempts: 2 }, route: [route] }]
  const vs = sourceOf('VirtualService', { hosts: ['a.test'], gateways: ['gw'], http }, { name: 'vs' })
  expect(convert(istio(['x']), 'api', SERVICE, vs).service).toMatchObject({
    hosts: ['a.test'],
    gateways: ['gw'],
    timeout: '1s',
    retries: { attempts: 2 }
  })
})

test('other rules, and a VirtualService that is not there, are errors', () => {
  const vs = sourceOf(
    'VirtualService',
    {
      http: [
        { name: 'y', route: [route] },
        { name: 'x', fault: {}, route: [route] }
      ],
      tls: []
    },
    { name: 'vs' }
  )
  expect(convert(istio(['x']), 'api', SERVICE, vs).lines).toEqual([
    'warning metadata.name',
    'error spec.http[0]',
    'error spec.tls',
    'warning spec.http[1].fault',
    'warning metadata.name'
  ])
  expect(convert(istio(), 'api', SERVICE).lines).toContain('error spec.strategy.canary.trafficRouting.istio.virtualService')
})

test('without a port anywhere there is no service', () => {
  const notes = notesOf()
  const rollout = sourceOf('Rollout', {})
  expect(
    serviceOf({ rollout, input: inputOf(), workload: { ...WORKLOAD, template: {} }, notes: notes.notes, main: undefined, others: [] })
  ).toBeUndefined()
  expect(notes.lines()).toEqual([expect.stringMatching(/^error spec\.template/)])
})
