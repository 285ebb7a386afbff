// A release that the user takes back in mid-run: by kubectl rollout undo, and by the annotation of guide 2, typed as the guide has it.

import { expect, it, onTestFinished } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import { apiOf } from './api.ts'
import { PATIENCE, eventsOf, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'

const follows = followCanary(
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc' },
  shortened(manifest('07-g2-canary-payment-svc'))
)

const release = (tag: string): Promise<unknown> =>
  follows.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', `payment-svc=payment-svc:${tag}`])
/** Waits until the mesh has or had these weights, from this call on. */
function weightsSeen(): (wanted: string) => Promise<unknown> {
  const api = apiOf(follows.serin.dir)
  onTestFinished(() => api.close())
  const states = api.states('/apis/networking.istio.io/v1/namespaces/production/virtualservices')
  // the one that the controller keeps for payment-svc
  const each = (): string[] => (states as readonly Kept[]).map(({ spec }) => spec.http[0].route.map(({ weight }) => weight).join(' '))
  return (wanted) => until(`weights ${wanted}`, () => each().includes(wanted))
}

interface Kept extends KubeObject {
  readonly spec: { readonly http: readonly [{ readonly route: readonly { readonly weight: number }[] }] }
}

const weights = (): Promise<string> => field(follows.serin, 'production', 'virtualservice/payment-svc', '{.spec.http[0].route[*].weight}')

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: rollout undo in mid-run withdraws the release: all traffic to the primary, no pods, nothing promoted',
  async () => {
    const have = weightsSeen()
    await release('1.1.0')
    await have('90 10')
    await follows.serin.kubectl(['rollout', 'undo', 'deployment/payment-svc', '-n', 'production'])
    await until('the end', () => follows.watched.states().at(-1) === 'Initialized 0')
    expect(await weights()).toBe('100 0')
    expect(await field(follows.serin, 'production', 'deployment/payment-svc', '{.spec.replicas}')).toBe('0')
    expect(await eventsOf(follows.serin, 'production', 'payment-svc')).toContain(
      'Normal Revision withdrawn! Routing all traffic to primary, scaling down payment-svc.production'
    )
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G83: annotate flagger.app/rollback=true rolls back at once, tells so and removes the annotation',
  async () => {
    const have = weightsSeen()
    await release('1.2.0')
    await have('90 10')
    await follows.serin.kubectl(['annotate', 'canary', 'payment-svc', '-n', 'production', 'flagger.app/rollback=true'])
    await follows.watched.reaches('Failed', PATIENCE)
    expect(await weights()).toBe('100 0')
    expect(await eventsOf(follows.serin, 'production', 'payment-svc')).toContain(
      'Warning Rolling back payment-svc.production annotation flagger.app/rollback=true'
    )
    const annotation = (): Promise<string> =>
      field(follows.serin, 'production', 'canary/payment-svc', '{.metadata.annotations.flagger\\.app/rollback}')
    await until('the annotation to go', async () => (await annotation()) === '')
    expect(await field(follows.serin, 'production', 'deployment/payment-svc-primary', '{.spec.template.spec.containers[0].image}')).toBe(
      'payment-svc:1.0.0'
    )
  }
)
