// A release that the user takes back in mid-run: by kubectl rollout undo, and by the annotation of guide 2, typed as the guide has it.

import { expect, it, onTestFinished } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import { apiOf } from './api.ts'
import { type Followed, PATIENCE, eventsOf, field, followCanaries, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'

const followed = followCanaries([
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc', canary: shortened(manifest('07-g2-canary-payment-svc')) }
])
const follows = (): Followed => followed('payment-svc')

const release = (tag: string): Promise<unknown> =>
  follows().serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', `payment-svc=payment-svc:${tag}`])
/** Waits until the mesh has or had these weights, from this call on. */
function weightsSeen(): (wanted: string) => Promise<unknown> {
  const api = apiOf(follows().serin.dir)
  onTestFinished(() => api.close())
  const states = api.states('/apis/networking.istio.io/v1/namespaces/production/virtualservices')
  // the one that the controller keeps for payment-svc
  const each = (): string[] => (states as readonly Kept[]).map(({ spec }) => spec.http[0].route.map(({ weight }) => weight).join(' '))
  return (wanted) => until(`weights ${wanted}`, () => each().includes(wanted))
}

interface Kept extends KubeObject {
  readonly spec: { readonly http: readonly [{ readonly route: readonly { readonly weight: number }[] }] }
}

const weights = (): Promise<string> => field(follows().serin, 'production', 'virtualservice/payment-svc', '{.spec.http[0].route[*].weight}')

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: rollout undo in mid-run withdraws the release: all traffic to the primary, no pods, nothing promoted',
  async () => {
    const have = weightsSeen()
    await release('1.1.0')
    await have('90 10')
    await follows().serin.kubectl(['rollout', 'undo', 'deployment/payment-svc', '-n', 'production'])
    await until('the end', () => follows().watched.states().at(-1) === 'Initialized 0')
    expect(await weights()).toBe('100 0')
    expect(await field(follows().serin, 'production', 'deployment/payment-svc', '{.spec.replicas}')).toBe('0')
    expect(await eventsOf(follows().serin, 'production', 'payment-svc')).toContain(
      'Normal Revision withdrawn! Routing all traffic to primary, scaling down payment-svc.production'
    )
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: who moves weights by hand is warned by the answer, and named in an Event; they are put right',
  async () => {
    const value = JSON.stringify([{ op: 'replace', path: '/spec/http/0/route/1/weight', value: 7 }])
    const { stderr } = await follows().serin.kubectl(['patch', 'vs', 'payment-svc', '-n', 'production', '--type=json', '-p', value])
    const changed = 'spec.http[0].route[1].weight 0 -> 7'
    const advice = 'a Canary is steered by its spec, and by serin promote, pause and abort'
    expect(stderr).toContain(
      `Warning: canary payment-svc leads the requests of this VirtualService and puts right: ${changed}; ${advice}\n`
    )
    await until('the weights', async () => (await weights()) === '100 0')
    await until('an Event', async () => {
      const events = await eventsOf(follows().serin, 'production', 'payment-svc')
      return events.some((event) => event.includes('was changed by kubectl-patch (a person or a program)') && event.includes(changed))
    })
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G83: annotate flagger.app/rollback=true rolls back at once, tells so and removes the annotation',
  async () => {
    const have = weightsSeen()
    await release('1.2.0')
    await have('90 10')
    await follows().serin.kubectl(['annotate', 'canary', 'payment-svc', '-n', 'production', 'flagger.app/rollback=true'])
    await follows().watched.reaches('Failed', PATIENCE)
    expect(await weights()).toBe('100 0')
    expect(await eventsOf(follows().serin, 'production', 'payment-svc')).toContain(
      'Warning Rolling back payment-svc.production annotation flagger.app/rollback=true'
    )
    const annotation = (): Promise<string> =>
      field(follows().serin, 'production', 'canary/payment-svc', '{.metadata.annotations.flagger\\.app/rollback}')
    await until('the annotation to go', async () => (await annotation()) === '')
    expect(await field(follows().serin, 'production', 'deployment/payment-svc-primary', '{.spec.template.spec.containers[0].image}')).toBe(
      'payment-svc:1.0.0'
    )
  }
)

it.skipIf(!KUBECTL_FOUND)('kubectl: patch canary spec.skipAnalysis in mid-run promotes, though its checks fail', async () => {
  const have = weightsSeen()
  await release('1.3.0')
  await have('90 10')
  const patch = ['patch', 'canary', 'payment-svc', '-n', 'production', '--type', 'merge', '-p', '{"spec":{"skipAnalysis":true}}']
  expect(await follows().serin.kubectl(patch)).toMatchObject({ code: 0, stdout: 'canary.flagger.app/payment-svc patched\n' })
  await follows().watched.reaches('Succeeded', PATIENCE)
  expect(await field(follows().serin, 'production', 'deployment/payment-svc-primary', '{.spec.template.spec.containers[0].image}')).toBe(
    'payment-svc:1.3.0'
  )
  const columns = ['get', 'releases', '-n', 'production', '--sort-by=.metadata.creationTimestamp', '--no-headers']
  const { stdout } = await follows().serin.kubectl(columns)
  expect(stdout.split('\n').at(-2)).toMatch(/^payment-svc-\w+ +payment-svc +succeeded +0 +\["payment-svc:1\.3\.0"\] +\d+s$/)
})
