import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import type { ConfigView } from '../objects/configs.ts'
import { render } from './render.ts'
import { step } from './step.ts'
import { readState } from './state.ts'
import type { Write } from '../objects/write.ts'
import { dataUrl } from '../../test/data.ts'

const DATA = dataUrl('flagger-live/objects/')

test('the recorded objects are there', () => {
  expect(existsSync(DATA), `${DATA.pathname} is missing: the shared data folder is needed`).toBe(true)
})

function recorded(file: string): Recorded {
  const objects = parseAllDocuments(readFileSync(new URL(file, DATA), 'utf8')).map((document): KubeObject => document.toJS())
  return (kind, name) => {
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name)!
    return kind === 'Canary' ? { ...found, metadata: { ...found.metadata, uid: 'uid-of-the-canary' } } : found
  }
}

const ready = { observedGeneration: 0, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }

type Recorded = (kind: string, name: string) => KubeObject

function configView(of: Recorded): ConfigView {
  const name = 'podinfo-config'
  return { kind: 'configmap', name, optional: false, object: of('ConfigMap', name), copy: of('ConfigMap', `${name}-primary`) }
}

function view(of: Recorded): ClusterView {
  return {
    now: 0,
    lookedAt: undefined,
    rival: undefined,
    target: { ...of('Deployment', 'podinfo'), status: ready },
    primary: { ...of('Deployment', 'podinfo-primary'), status: ready },
    apexService: of('Service', 'podinfo'),
    configs: [configView(of)],
    canaryService: of('Service', 'podinfo-canary'),
    primaryService: of('Service', 'podinfo-primary'),
    canaryRule: of('DestinationRule', 'podinfo-canary'),
    primaryRule: of('DestinationRule', 'podinfo-primary'),
    virtualService: of('VirtualService', 'podinfo')
  }
}

const NOTHING: Omit<ClusterView, 'now' | 'lookedAt' | 'rival' | 'target'> = {
  primary: undefined,
  apexService: undefined,
  canaryService: undefined,
  primaryService: undefined,
  canaryRule: undefined,
  primaryRule: undefined,
  virtualService: undefined
}

const created = (writes: readonly Write[]): readonly KubeObject[] =>
  writes.flatMap((write) => (write.verb === 'create' ? [write.object] : []))

function initialisation(): { readonly objects: readonly KubeObject[]; readonly of: Recorded } {
  const of = recorded('success-init.yaml')
  const canary = of('Canary', 'podinfo')
  const skipping = { ...canary, spec: { ...Object(canary['spec']), skipAnalysis: true } }
  const target = of('Deployment', 'podinfo')
  const cluster = {
    ...NOTHING,
    now: 0,
    lookedAt: undefined,
    rival: undefined,
    target: { ...target, spec: { ...Object(target['spec']), replicas: 2 } },
    configs: [{ ...configView(of), copy: undefined }]
  }
  const conclusion = step(skipping, { phase: 'initializing', since: 0, applied: '', promoted: '', failedChecks: 0 }, cluster, [])
  return { objects: created(render(skipping, conclusion, cluster)), of }
}

test.each([
  ['Service', 'podinfo'],
  ['Service', 'podinfo-canary'],
  ['Service', 'podinfo-primary'],
  ['ConfigMap', 'podinfo-config-primary'],
  ['DestinationRule', 'podinfo-canary'],
  ['DestinationRule', 'podinfo-primary'],
  ['VirtualService', 'podinfo']
])('initialisation creates %s %s as Flagger does', (kind, name) => {
  const { objects, of } = initialisation()
  const defaulted = ['sessionAffinity', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']
  const wanted = of(kind, name)
  const spec = Object.fromEntries(Object.entries(Object(wanted['spec'])).filter(([key]) => !defaulted.includes(key)))
  expect(objects.find((object) => object.kind === kind && object.metadata.name === name)).toEqual(
    wanted['spec'] === undefined ? wanted : { ...wanted, spec }
  )
})

test('the primary is as Flagger makes it, but for the value of flagger-id', () => {
  const { objects, of } = initialisation()
  const expected = of('Deployment', 'podinfo-primary')
  const made = objects.find(({ kind }) => kind === 'Deployment')!
  const id = (object: KubeObject): string => String(dig(object, 'spec', 'template', 'metadata', 'annotations', 'flagger-id'))
  expect(JSON.parse(JSON.stringify(made).replace(id(made), id(expected)))).toEqual(expected)
})

test('what Flagger left needs no write when it is taken over', () => {
  const of = recorded('success-w20.yaml')
  const canary = of('Canary', 'podinfo')
  const cluster = view(of)
  const conclusion = step(canary, readState(canary['status']), { ...cluster, now: Date.UTC(2026, 10, 21, 11, 27, 3) }, [])
  expect(conclusion.state).toMatchObject({ phase: 'progressing', weight: 20, iterations: 0 })
  expect(render(canary, conclusion, cluster)).toEqual([])
})

test('a foreign write of the weights is put right, what else is in the VirtualService stays', () => {
  const of = recorded('success-w20.yaml')
  const canary = of('Canary', 'podinfo')
  const live = of('VirtualService', 'podinfo')
  const http = [
    {
      fault: {},
      route: [
        { destination: { host: 'podinfo-primary' }, weight: 5 },
        { destination: { host: 'podinfo-canary' }, weight: 95 }
      ]
    }
  ]
  const cluster = { ...view(of), virtualService: { ...live, spec: { ...Object(live['spec']), exportTo: ['.'], http } } }
  const conclusion = step(canary, readState(canary['status']), cluster, [])
  const [write, ...others] = render(canary, conclusion, cluster)
  expect(others).toEqual([])
  expect(write).toMatchObject({
    patch: {
      operations: [
        { op: 'add', path: '/spec/http/0/retries' },
        { op: 'test', path: '/spec/http/0/route/0/weight', value: 5 },
        { op: 'replace', path: '/spec/http/0/route/0/weight', value: 80 },
        { op: 'test', path: '/spec/http/0/route/1/weight', value: 95 },
        { op: 'replace', path: '/spec/http/0/route/1/weight', value: 20 },
        { op: 'add', path: '/metadata/annotations/serin.dev~1routing', value: expect.stringMatching(/^s1-[0-9a-f]{16}\/20$/) }
      ]
    }
  })
})

test("a user's VirtualService is taken over, its spec kept in the annotation Flagger uses", () => {
  const of = recorded('success-w20.yaml')
  const canary = of('Canary', 'podinfo')
  const users = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: { name: 'podinfo', namespace: 'success', labels: { mine: 'x' } },
    spec: { hosts: ['podinfo'], http: [{ route: [{ destination: { host: 'podinfo', subset: 'v1' } }] }] }
  }
  const cluster = { ...view(of), virtualService: users }
  const [write] = render(canary, step(canary, readState(canary['status']), cluster, []), cluster)
  expect(JSON.stringify(write)).toContain('flagger.kubernetes.io/original-configuration')
  expect(JSON.stringify(write)).toContain('subset')
  expect(JSON.stringify(write)).not.toContain('/metadata/labels')
})
