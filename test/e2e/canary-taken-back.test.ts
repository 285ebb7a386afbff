// A release that the user takes back in mid-run: by kubectl rollout undo, and by the annotation of guide 2, typed as the guide has it.

import { expect, it } from 'vitest'
import { PATIENCE, eventsOf, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'

const follows = followCanary(
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc' },
  shortened(manifest('07-g2-canary-payment-svc'))
)

const release = (tag: string): Promise<unknown> =>
  follows.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', `payment-svc=payment-svc:${tag}`])
const weights = (): Promise<string> => field(follows.serin, 'production', 'virtualservice/payment-svc', '{.spec.http[0].route[*].weight}')

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: rollout undo in mid-run withdraws the release: all traffic to the primary, no pods, nothing promoted',
  async () => {
    await release('1.1.0')
    await until('weight 10', async () => (await weights()) === '90 10')
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
    await release('1.2.0')
    await until('weight 10', async () => (await weights()) === '90 10')
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
