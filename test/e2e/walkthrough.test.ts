// "Practical Canary Deployment Walkthrough" of guide 3, its commands exactly as printed, in their order; each test begins where the one
// before it ended. C7, C8 and C20 need a Prometheus and are not here.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestPath, shellBlocks } from '../guides.ts'
import { expectShare, type Send, tally, throughMesh, wordOf } from './requests.ts'
import { found, KUBECTL_FOUND, run, succeeded } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service, weights } from './workloads.ts'

const REVIEWS = 'http://reviews:8080/api/reviews'
// curl where the machine has it, else the same request by the Node that runs pods.
const CURL = found('curl', '--version')
  ? ['curl', '-s', REVIEWS]
  : ['node', '-e', `require('http').get('${REVIEWS}', (answer) => answer.pipe(process.stdout))`]

describe.skipIf(!KUBECTL_FOUND)('kubectl: the walkthrough of guide 3', () => {
  let serin: Serin
  let send: Send
  let steps: readonly string[]
  let podsOfV1: string

  const kubectl = async (...args: readonly string[]): Promise<string> => succeeded(await serin.kubectl(args)).stdout
  const asPrinted = async (step: number): Promise<string> =>
    succeeded(await run('bash', ['-c', steps[step] ?? ''], { env: serin.environment })).stdout
  const answers = (count: number): Promise<Record<string, number>> => tally(count, () => send({ url: REVIEWS }))
  const shiftTo = (v1: number, v2: number): Promise<string> => {
    const spec = weights('reviews', { v1, v2 })
    return kubectl('patch', 'virtualservice', 'reviews', '--type', 'merge', '-p', JSON.stringify({ spec }))
  }
  const processes = (version: string): Promise<string> =>
    kubectl(
      'get',
      'pods',
      '-l',
      `version=${version}`,
      '-o',
      'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].state.running.startedAt} {.status.containerStatuses[0].restartCount} {end}'
    )

  beforeAll(async () => {
    steps = shellBlocks('3-traffic-management.md', 'Practical Canary Deployment Walkthrough')
    serin = await startSerin({ config: 'images:\n  "reviews:*": serin/demo\n' })
    send = throughMesh(serin)
    const given = documents(service('reviews'), deployment({ app: 'reviews', version: 'v1', image: 'reviews:1.0', replicas: 2 }))
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: given }))
    await kubectl('create', 'deployment', 'sleep', '--image=serin/sleep')
    for (const name of ['reviews-v1', 'sleep']) await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s')
    podsOfV1 = await processes('v1')
  })
  afterAll(() => serin?.stop())

  it('G57, G58: step 1 deploys v2 beside v1 and waits until it is ready (C14, C15, C16)', async () => {
    const said = await asPrinted(0)
    expect(said).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nreviews-v1 +2\/2 +2 +2 +\d+s$/m)
    expect(said).toContain('deployment.apps/reviews-v2 created\n')
    expect(said).toMatch(/deployment "reviews-v2" successfully rolled out\n$/)
    expect(await kubectl('get', 'pods', '-l', 'app=reviews,version=v2')).toMatch(/(reviews-v2-\S+ +1\/1 +Running.*\n){2}/)
  })

  it('G1, G57: step 2 declares the subsets (C17)', async () => {
    expect(await asPrinted(1)).toBe('destinationrule.networking.istio.io/reviews created\n')
  })

  it('G17: after step 3 all requests go to v1 while v2 is ready (C18)', async () => {
    expect(await asPrinted(2)).toBe('virtualservice.networking.istio.io/reviews created\n')
    expect(await answers(500)).toEqual({ '1.0': 500 })
  })

  it('G2: after step 4 v2 gets its 10% of 10,000 requests (C19)', async () => {
    expect(await asPrinted(3)).toBe('virtualservice.networking.istio.io/reviews patched\n')
    const counts = await answers(10_000)
    expect((counts['1.0'] ?? 0) + (counts['2.0'] ?? 0)).toBe(10_000)
    expectShare(counts, '2.0', 0.1)
  })

  it('G12: jsonpath shows the weights as applied, by index, by all and by filter (C4, C5)', async () => {
    const weights = (path: string): Promise<string> => kubectl('get', 'vs', 'reviews', '-o', `jsonpath=${path}`)
    expect(await weights('{.spec.http[0].route[*].weight}')).toBe('90 10')
    expect(await weights('{.spec.http[0].route[1].weight}')).toBe('10')
    expect(await weights('{.spec.http[0].route[?(@.destination.subset=="v1")].weight}')).toBe('90')
    expect(JSON.parse(await weights('{.spec.http[0].route}'))).toEqual([
      { destination: { host: 'reviews', subset: 'v1' }, weight: 90 },
      { destination: { host: 'reviews', subset: 'v2' }, weight: 10 }
    ])
  })

  it('G57: a merge patch replaces the whole list of rules', async () => {
    const rules = [
      { match: [{ uri: { prefix: '/old' } }], redirect: { uri: '/new' } },
      { route: [{ destination: { host: 'reviews', subset: 'v1' } }] }
    ]
    await kubectl('patch', 'virtualservice', 'reviews', '--type', 'merge', '-p', JSON.stringify({ spec: { http: rules } }))
    expect((await send({ url: 'http://reviews:8080/old' })).status).toBe(301)
    await asPrinted(3)
    expect((await send({ url: 'http://reviews:8080/old' })).status).toBe(200)
    expect(JSON.parse(await kubectl('get', 'vs', 'reviews', '-o', 'json'))).toMatchObject({
      spec: { hosts: ['reviews'], http: [{ route: [{ weight: 90 }, { weight: 10 }] }] }
    })
  })

  it('G6: a pod calling by name obeys the weights too', async () => {
    for (const [v1, v2, version] of [
      [100, 0, '1.0'],
      [0, 100, '2.0']
    ] as const) {
      await shiftTo(v1, v2)
      const asked = Array.from({ length: 4 }, () => kubectl('exec', 'deploy/sleep', '--', ...CURL))
      for (const answer of await Promise.all(asked)) expect(JSON.parse(answer)).toMatchObject({ app: 'reviews', version })
    }
  })

  it('step 5 goes on by 25, 50 and 75 to 100% of v2', async () => {
    for (const weight of [25, 50, 75]) {
      await shiftTo(100 - weight, weight)
      expectShare(await answers(1000), '2.0', weight / 100)
    }
    await shiftTo(0, 100)
    expect(await answers(500)).toEqual({ '2.0': 500 })
  })

  it('G16: weight 0 takes v2 out at once', async () => {
    await shiftTo(0, 100)
    expect(wordOf(await send({ url: REVIEWS }))).toBe('2.0')
    await shiftTo(100, 0)
    expect(await answers(500)).toEqual({ '1.0': 500 })
  })

  it('G3: apply, patch and edit all change the weights', async () => {
    await kubectl('apply', '-f', manifestPath('35'))
    expect(await kubectl('get', 'vs', 'reviews', '-o', 'jsonpath={.spec.http[0].route[*].weight}')).toBe('90 10')
    await shiftTo(30, 70)
    expectShare(await answers(500), '2.0', 0.7)
    const editor = join(serin.environment['HOME'] ?? '', 'editor.sh')
    writeFileSync(editor, '#!/bin/sh\nexec sed -i -e "s/weight: 30$/weight: 0/" -e "s/weight: 70$/weight: 100/" "$1"\n', { mode: 0o755 })
    const edited = await run('kubectl', ['edit', 'virtualservice', 'reviews'], { env: { ...serin.environment, KUBE_EDITOR: editor } })
    expect(succeeded(edited).stdout).toBe('virtualservice.networking.istio.io/reviews edited\n')
    expect(await answers(300)).toEqual({ '2.0': 300 })
  })

  it('G38: no change of the rules restarted a pod', async () => {
    expect(podsOfV1.trim().split(' ')).toHaveLength(6)
    expect(await processes('v1')).toBe(podsOfV1)
  })

  it('G58: rollout status ends with an error when the time is over', async () => {
    await kubectl('create', 'deployment', 'never', '--image=nowhere/never:1')
    const { code, stderr } = await serin.kubectl(['rollout', 'status', 'deployment/never', '--timeout=1s'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: timed out waiting for the condition\n' })
  })
})
