// Probes of pods and the traffic they get, with an application whose health callers can change.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, apiOf } from './api.ts'
import { type PodView, podsOf } from './pods.ts'
import { type Answer, type Send, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { documents, service } from './workloads.ts'

// PUT /ready=no or /alive=no changes what its probes are answered; everything else is answered with its pod's name.
const MOODY = `const state = { ready: 'yes', alive: 'yes' }
require('http').createServer((request, response) => {
  const [name, value] = request.url.slice(1).split('=')
  if (request.method === 'PUT') state[name] = value
  response.statusCode = request.method === 'GET' && state[name] === 'no' ? 503 : 200
  response.end(process.env.HOSTNAME)
}).listen(8080, process.env.HOST)`

const probe = (path: string): object => ({ httpGet: { path, port: 8080 }, periodSeconds: 1, failureThreshold: 2 })

const MOODY_PODS = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'moody' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'moody' } },
    template: {
      metadata: { labels: { app: 'moody' } },
      spec: {
        containers: [
          {
            name: 'moody',
            image: 'moody:1',
            command: ['node', '-e', MOODY],
            ports: [{ containerPort: 8080 }],
            readinessProbe: probe('/ready'),
            livenessProbe: probe('/alive')
          }
        ]
      }
    }
  }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: probes', () => {
  let serin: Serin
  let api: Api
  let send: Send

  const pods = (): Promise<PodView[]> => podsOf(api, 'moody')
  const tell = (pod: PodView, what: string): Promise<Response> => fetch(`http://${pod.ip}:8080/${what}`, { method: 'PUT' })
  const who = (): Promise<Answer> => send({ url: 'http://moody:8080/who' })
  const names = async (): Promise<string[]> => {
    const counts: Record<string, number> = {}
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const { status, body } = await who()
        const word = status === 200 ? body : `${status} ${body}`
        counts[word] = (counts[word] ?? 0) + 1
      })
    )
    return Object.keys(counts).toSorted()
  }

  beforeAll(async () => {
    serin = await startSerin()
    api = apiOf(serin.dir)
    send = throughMesh(serin)
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(service('moody'), MOODY_PODS) }))
    succeeded(await serin.kubectl(['rollout', 'status', 'deployment/moody', '--timeout=60s']))
  })
  afterAll(async () => {
    api?.close()
    await serin?.stop()
  })

  it('G59: a pod that is not ready gets no traffic until it is ready again', async () => {
    const [one, two] = await pods()
    if (one === undefined || two === undefined) throw new Error('two pods were ready')
    expect(await names()).toEqual([one.name, two.name])

    await tell(one, 'ready=no')
    await until(`${one.name} gets nothing`, async () => (await names()).join() === two.name)
    expect((await pods()).find(({ name }) => name === one.name)).toMatchObject({ ready: false, restarts: 0 })

    await tell(two, 'ready=no')
    await until('nobody is left', async () => (await names()).join() === '503 no healthy upstream')

    await tell(one, 'ready=yes')
    await until(`${one.name} answers again`, async () => (await names()).join() === one.name)
    await tell(two, 'ready=yes')
    await until('both answer', async () => (await names()).length === 2)
  })

  it('G59: a container that fails its liveness probe is restarted in its pod, and gets traffic again', async () => {
    const [one] = await pods()
    if (one === undefined) throw new Error('two pods were ready')
    await tell(one, 'alive=no')
    const after = await until('a restart', async () =>
      (await pods()).find(({ name, restarts, ready }) => name === one.name && restarts > 0 && ready)
    )
    expect(after).toMatchObject({ restarts: 1, ip: one.ip })
    await until('both answer', async () => (await names()).length === 2)
    const events = succeeded(await serin.kubectl(['get', 'events', '--field-selector', `involvedObject.name=${one.name}`])).stdout
    expect(events).toMatch(/Warning +Unhealthy .*Liveness probe failed: HTTP probe failed with statuscode: 503/)
    expect(events).toMatch(/Normal +Killing .*Container moody failed liveness probe, will be restarted/)
  })
})
