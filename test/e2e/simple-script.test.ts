// scripts/canary-rollout-simple.sh of guide 4, unchanged, on the guide's own Deployments and DestinationRule (manifests 36 to 38). It sleeps
// while the test counts.

import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guidePath, manifestPath } from '../guides.ts'
import { type HeldSleep, heldSleep } from './held-sleep.ts'
import { expectShare, tally, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { documents, service } from './workloads.ts'

const REQUESTS = 400

describe.skipIf(!KUBECTL_FOUND)('kubectl: the rollout script of guide 4', () => {
  let serin: Serin
  let held: HeldSleep

  beforeAll(async () => {
    held = heldSleep()
    serin = await startSerin({ config: 'images:\n  "myapp:*": serin/demo\n' })
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(service('api')) }))
    const files = ['36', '37', '38'].flatMap((number) => ['-f', manifestPath(number)])
    succeeded(await serin.kubectl(['apply', ...files]))
    for (const name of ['api-v1', 'api-v2']) succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(async () => {
    await serin?.stop()
    held?.remove()
  })

  it('G5: shifts 10%, 50% and 100% to the one pod of v2 beside three of v1 (C26)', async () => {
    const env = held.environment(serin.environment)
    const script = spawn('bash', [guidePath('scripts', 'canary-rollout-simple.sh')], { env })
    let [said, complaints] = ['', '']
    script.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    script.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
    const ended = new Promise<number | null>((resolve) => script.once('close', resolve))
    const over = ended.then((code) => `it ended with ${code}: ${complaints}`)
    const requests = (): Promise<Record<string, number>> => tally(REQUESTS, () => throughMesh(serin)({ url: 'http://api:8080/' }))

    for (const [share, line] of [
      [0.1, 'Deployed v2 at 10%. Monitoring for 5 minutes...\n'],
      [0.5, 'Deployed v2 at 50%. Monitoring for 5 minutes...\n']
    ] as const) {
      const wake = await held.next(over)
      await expect.poll(() => said).toMatch(line)
      const counts = await requests()
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(REQUESTS)
      expectShare(counts, '1.1.0', share)
      await wake()
    }

    expect(await ended, complaints).toBe(0)
    expect(said.replaceAll(/^Deployed.*\n/gm, '')).toBe(
      ['created', 'configured', 'configured'].map((what) => `virtualservice.networking.istio.io/api ${what}\n`).join('')
    )
    expect(said).toMatch(/Deployed v2 at 100%\. Canary complete\.\n$/)
    expect(await requests()).toEqual({ '1.1.0': REQUESTS })
  })
})
