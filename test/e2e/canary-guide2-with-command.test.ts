// Guide 2's Canary with the metadata.cmd that it lacks, intervals shortened: promoted.

import { expect, it } from 'vitest'
import { PATIENCE, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const command = 'hey -z 1m -q 10 -c 2 http://payment-svc.production:8080/'
const CANARY = `${shortened(manifest('07-g2-canary-payment-svc')).trimEnd()}\n      metadata:\n        cmd: "${command}"\n`
const follows = followCanary({ namespace: 'production', app: 'payment-svc', image: 'payment-svc' }, CANARY)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G70, G77: with the load of metadata.cmd a good release reaches 50 % and is promoted; no request fails',
  async () => {
    expect(follows.warnings).toBe('')
    await follows.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', 'payment-svc=payment-svc:1.1.0'])
    await follows.watched.reaches('Succeeded', PATIENCE)
    const states = follows.watched.states()
    expect(states.slice(states.indexOf('Progressing 0'))).toEqual([
      ...['0', '10', '20', '30', '40', '50'].map((weight) => `Progressing ${weight}`),
      'Promoting 50',
      'Finalising 0',
      'Succeeded 0'
    ])
    const primary = 'deployment/payment-svc-primary'
    expect(await field(follows.serin, 'production', primary, '{.spec.template.spec.containers[0].image}')).toBe('payment-svc:1.1.0')
    const { stdout } = await follows.serin.kubectl(['logs', '-n', 'test', 'deployment/flagger-loadtester'])
    expect(stdout).toMatch(/end payment-svc\.production hey .*: \d+ requests in 60\.\d s \(200: \d+\)/)
  }
)
