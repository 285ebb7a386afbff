// What kubectl's users type and read, on a running instance: a small core with every kubectl of this machine, the rest with the first.

import { afterAll, beforeAll, describe, it } from 'vitest'
import { findKubectls, type Kubectl } from '../conformance/find-kubectls.ts'
import { play, type Line } from './kubectl-script.ts'
import { KUBECTL_FOUND } from './run.ts'
import { startSerin, type Serin } from './serin.ts'

let serin: Serin
beforeAll(async () => {
  if (KUBECTL_FOUND) serin = await startSerin()
}, 60_000)
afterAll(() => serin?.stop())

const container = { name: 'app', image: 'serin/demo:1.0', ports: [{ containerPort: 8080 }] }
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', labels: { app: 'app' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'app' } },
    template: { metadata: { labels: { app: 'app' } }, spec: { containers: [container] } }
  }
}
const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'app' }, spec: { selector: { app: 'app' }, ports: [{ port: 80 }] } }
const destination = { host: 'app' }
const virtualService = {
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'app' },
  spec: { hosts: ['app'], http: [{ route: [{ destination }] }] }
}
const list = (...items: readonly unknown[]): unknown => ({ apiVersion: 'v1', kind: 'List', items })

const CORE: readonly Line[] = [
  {
    run: 'apply -f -',
    input: list(deployment, service, virtualService),
    says: 'deployment.apps/app created\nservice/app created\nvirtualservice.networking.istio.io/app created'
  },
  {
    run: 'apply -f -',
    input: list(deployment, service, virtualService),
    says: 'deployment.apps/app unchanged\nservice/app unchanged\nvirtualservice.networking.istio.io/app unchanged'
  },
  { run: 'set image deploy/app app=serin/demo:1.1', says: 'deployment.apps/app image updated' },
  { run: 'rollout status deploy/app --timeout=30s', says: /deployment "app" successfully rolled out\n$/ },
  { run: 'get vs', says: /^NAME +GATEWAYS +HOSTS +AGE\napp +\["app"\] +\d+s\n$/ },
  { run: 'explain vs.spec.hosts', says: /FIELD: hosts <\[\]string>/ },
  {
    run: 'apply -f -',
    input: { ...virtualService, spec: { ...virtualService.spec, hots: [] } },
    fails: /strict decoding error: unknown field "spec\.hots"/
  },
  { run: 'replace -f -', input: service, says: 'service/app replaced' },
  { run: 'logs deploy/app', says: /^listening on [\d.]+:8080\n/ },
  {
    run: 'delete vs,svc,deploy app',
    says: /^virtualservice\.networking\.istio\.io "app" deleted.*\nservice "app" deleted.*\ndeployment\.apps "app" deleted/
  }
]

describe.skipIf(!KUBECTL_FOUND)('every kubectl of this machine', () => {
  for (const { program, version } of KUBECTL_FOUND ? onePerMinor(findKubectls()) : []) {
    it.concurrent(`kubectl: ${version} applies, rolls out, explains, refuses, replaces and deletes`, { timeout: 120_000 }, async () => {
      const namespace = `core-${version.replaceAll('.', '-')}`
      await play({ serin, namespace: 'default', program }, [
        { run: `create namespace ${namespace}`, says: `namespace/${namespace} created` }
      ])
      await play({ serin, namespace, program }, CORE)
    })
  }
})

function onePerMinor(kubectls: readonly Kubectl[]): readonly Kubectl[] {
  const minors = new Map(kubectls.toReversed().map((kubectl) => [kubectl.version.split('.')[1], kubectl]))
  return [...minors.values()]
}
