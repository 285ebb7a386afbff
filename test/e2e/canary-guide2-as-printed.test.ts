// Guide 2's Canary as printed but for the interval: its load-test webhook has no metadata.cmd, so a good release is rolled back and says why.

import { expect, it } from 'vitest'
import { PATIENCE, eventsOf, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const CAUSE =
  'external check load-test failed 400: metadata is missing: give the webhook a metadata.cmd such as "hey -z 1m -q 10 -c 2 http://app.test/"'

const follows = followCanary(
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc' },
  shortened(manifest('07-g2-canary-payment-svc'))
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G77: the refusal of the load tester is a failed check each time, and after five the release is rolled back',
  async () => {
    await follows.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', 'payment-svc=payment-svc:1.1.0'])
    await follows.watched.reaches('Failed', PATIENCE)
    const events = await eventsOf(follows.serin, 'production', 'payment-svc')
    expect(events).toContain(`Warning Halt payment-svc.production advancement ${CAUSE}`)
    expect(events).toContain('Warning Rolling back payment-svc.production failed checks threshold reached 5')
    expect(await field(follows.serin, 'production', 'canary/payment-svc', '{.status.conditions[0].message}')).toBe(
      `Canary analysis failed, Deployment scaled to zero. Cause: ${CAUSE}`
    )
    const primary = 'deployment/payment-svc-primary'
    expect(await field(follows.serin, 'production', primary, '{.spec.template.spec.containers[0].image}')).toBe('payment-svc:1.0.0')
    expect(await field(follows.serin, 'production', 'virtualservice/payment-svc', '{.spec.http[0].route[*].weight}')).toBe('100 0')
  }
)
