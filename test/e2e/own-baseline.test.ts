// A canary beside a baseline of the user's own, with real traffic: its pods stand behind the primary's Service, and the gate counts them apart.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dig, listAt } from '../../src/std/json.ts'
import { apiOf } from './api.ts'
import { tally, throughMesh } from './requests.ts'
import { until } from './run.ts'
import { startSerin } from './serin.ts'
import { deployment, manifest } from './workloads.ts'

const PATIENCE = 100_000
const CANARY = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'shop', namespace: 'default', annotations: { 'serin.dev/baseline': 'shop-old' } },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop-v1' },
    service: { name: 'shop', port: 80, targetPort: 8080 },
    analysis: { interval: '60s', threshold: 2, stepWeight: 40 }
  }
}
const container = { name: 'shop', image: 'serin/demo:1.0.0', ports: [{ containerPort: 8080 }] }
const OLD = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop-old', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { copy: 'old' } },
    template: { metadata: { labels: { app: 'shop-primary', copy: 'old' } }, spec: { containers: [container] } }
  }
}
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

it('the gate counts what its pods serve, and leaves it as it is', async () => {
  const [dir, files] = [mkdtempSync(join(tmpdir(), 'serin-own-')), mkdtempSync(join(tmpdir(), 'serin-own-files-'))]
  writeFileSync(join(files, 'objects.yaml'), manifest(CANARY, OLD, deployment({ app: 'shop', version: 'v1', image: 'serin/demo:1.0.0' })))
  const serin = await startSerin({ dir, files: [files] })
  const [api, send] = [apiOf(dir), throughMesh(serin)]
  const canary = async (): Promise<unknown> => (await api.call('GET', '/apis/flagger.app/v1beta1/namespaces/default/canaries/shop')).body
  try {
    await until('it is Initialized', async () => dig(await canary(), 'status', 'phase') === 'Initialized', PATIENCE)
    const bad = { ...container, image: 'serin/demo:1.1.0', env: [{ name: 'ERROR_RATE', value: '1' }] }
    await api.call('PATCH', `${DEPLOYMENTS}/shop-v1`, { spec: { template: { spec: { containers: [bad] } } } })
    const failed = async (): Promise<string | undefined> => {
      await tally(20, () => send({ url: 'http://shop/' }))
      const status = dig(await canary(), 'status')
      return dig(status, 'phase') === 'Failed' ? String(dig(listAt(status, 'conditions')[0], 'message')) : undefined
    }
    const because = await until('the canary is rolled back', failed, PATIENCE)
    expect(because).toMatch(/requests failed, against 0 of [1-9][\d,]* on shop-old in the same seconds/)
    expect(dig((await api.call('GET', `${DEPLOYMENTS}/shop-old`)).body, 'spec')).toMatchObject(OLD.spec)
  } finally {
    api.close()
    await serin.stop()
    for (const each of [dir, files]) rmSync(each, { recursive: true, force: true })
  }
}, 120_000)
