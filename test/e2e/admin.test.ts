// The admin port of a running instance: health in the words of what is wrong, and metrics that a strict reader of Prometheus' text takes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signalTo } from '../../src/host/process-table.ts'
import { readMetrics } from '../prometheus-text.ts'
import { fetchThrough } from './mesh-request.ts'
import { programsOf } from './processes.ts'
import { until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

async function ask(url: string): Promise<readonly [number, string]> {
  const response = await fetch(url)
  return [response.status, await response.text()]
}

describe('the admin port', () => {
  let serin: Serin
  beforeAll(async () => {
    serin = await startSerin()
  })
  afterAll(() => serin.stop())

  it('is healthy and ready once serin up is, and says what it has on any other path', async () => {
    const { admin } = serin.addresses
    expect(await Promise.all(['/healthz', '/readyz', '/other'].map((path) => ask(admin + path)))).toEqual([
      [200, 'ok\n'],
      [200, 'ok\n'],
      [404, 'not found: /metrics, /healthz and /readyz are here, and of Envoy /stats, /stats/prometheus, /clusters\n']
    ])
  })

  it('gives metrics in valid Prometheus text, before the first request and after some', async () => {
    const { admin, http, mesh } = serin.addresses
    expect(readMetrics((await ask(`${admin}/metrics`))[1]).map(({ name }) => name)).toContain('istio_requests_total')
    for (const path of ['/', '/%22', '/a']) expect((await fetch(http + path)).status).toBe(404)
    expect((await fetchThrough(mesh, 'http://absent.default.svc.cluster.local/')).status).toBeGreaterThanOrEqual(400)
    const families = readMetrics((await ask(`${admin}/metrics`))[1])
    const requests = families.find(({ name }) => name === 'istio_requests_total')
    expect(requests?.samples.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThanOrEqual(4)
    expect(requests?.samples.some(({ labels }) => labels.get('response_code') === '404')).toBe(true)
  })

  it('answers 503 and names the worker while one is down, and 200 when it is back', async () => {
    const { admin } = serin.addresses
    const health = (): Promise<(readonly [number, string])[]> => Promise.all(['/healthz', '/readyz'].map((path) => ask(admin + path)))
    const workers = (): number[] => programsOf(serin, 'worker-main')
    expect(workers()).toHaveLength(1)
    // Each end makes the pause before the next start longer, up to 5 s: soon an answer comes within one on any machine.
    const down = [503, expect.stringMatching(/^mesh worker 0 is (starting|down, another starts soon)\n$/)]
    const seen = await until('a worker that is down', async () => {
      for (const pid of workers()) signalTo(pid, 'SIGKILL')
      const answers = await health()
      return answers.every(([status]) => status === 503) && answers
    })
    expect(seen).toEqual([down, down])
    await until('its end', async () => (await health()).every(([status]) => status === 200))
    expect((await ask(`${admin}/metrics`))[0]).toBe(200)
  })
})

describe('a Gateway whose port is taken', () => {
  it('is 503 with the port named, in the log too, and served soon after the port is free', async () => {
    const [holder, port] = await hold(0)
    const [other, httpPort] = await hold(0)
    await new Promise<void>((resolve) => other.close(() => resolve()))
    const folder = mkdtempSync(join(tmpdir(), 'serin-e2e-gateway-'))
    const file = join(folder, 'gateway.yaml')
    writeFileSync(file, GATEWAY.replace('PORT', String(port)))
    // With --http-port 0 a Gateway would get any free port instead of its own.
    const serin = await startSerin({ files: [file], args: ['--http-port', String(httpPort)] })
    try {
      const { admin } = serin.addresses
      const trouble = `cannot listen on 127.0.0.1:${port} for gateway:${port}: `
      const [, words] = await until('trouble', async () => ((answer) => answer[0] === 503 && answer)(await ask(`${admin}/healthz`)))
      expect(words).toContain(trouble)
      await serin.said(`serin: mesh: ${trouble}`)
      await new Promise<void>((resolve) => holder.close(() => resolve()))
      await until('health', async () => (await ask(`${admin}/healthz`))[0] === 200)
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
    } finally {
      await serin.stop()
      holder.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

const GATEWAY = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: taken}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: PORT, name: http, protocol: HTTP}, hosts: ['*']}]}
`

function hold(port: number): Promise<readonly [Server, number]> {
  const server = createServer()
  return new Promise((resolve) => {
    // listening on a port, so it has an address with one
    server.listen(port, '127.0.0.1', () => resolve([server, (server.address() as AddressInfo).port]))
  })
}
