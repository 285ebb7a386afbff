import { expect, test } from 'vitest'
import { prepareKind, validateKind, warningsOf } from './builtin-rules.ts'
import type { KubeObject } from './object.ts'

const service = (spec: Record<string, unknown>): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec })

test('built-in objects are judged, others pass unchanged', () => {
  expect(validateKind(service({}), undefined)).toEqual([{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports' }])
  const custom: KubeObject = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: {}, spec: { odd: 1 } }
  expect([prepareKind(custom, custom), validateKind(custom, undefined)]).toEqual([custom, []])
})

test('a name of another host that does nothing is told', () => {
  expect(warningsOf(service({ type: 'ClusterIP', externalName: 'a.example' }))).toEqual([
    'spec.externalName is ignored when spec.type is not "ExternalName"'
  ])
  expect(warningsOf(service({ type: 'ExternalName', externalName: 'a.example' }))).toEqual([])
})

test('a DaemonSet carries the number of its template', () => {
  const daemonSet = (image: string, annotations: Record<string, string> = {}): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', annotations },
    spec: { template: { spec: { containers: [{ name: 'agent', image }] } } }
  })
  const key = 'deprecated.daemonset.template.generation'
  const first = prepareKind(daemonSet('a:1'), undefined)
  expect(first.metadata.annotations).toEqual({ [key]: '1' })
  expect(prepareKind(daemonSet('a:1'), first).metadata.annotations).toEqual({ [key]: '1' })
  expect(prepareKind(daemonSet('a:2', { team: 'x' }), first).metadata.annotations).toEqual({ [key]: '2', team: 'x' })
})
