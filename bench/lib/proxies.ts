// The proxies that are compared, each on the core of the proxies with one worker: started the same way, asked the same way.

import process from 'node:process'
import { CALLED } from '../proxy-rules.ts'
import { nginxHead } from './backend.ts'
import { envoyConfig } from './envoy-config.ts'
import { childrenOf } from './proc.ts'
import { ROOT, program } from './programs.ts'
import { type SerinOptions, startWorkers } from './serin-workers.ts'
import { type Stage, freePort, untilAnswered } from './stage.ts'

/** One that runs. */
export interface Proxy {
  readonly name: string
  readonly port: number
  /** The processes whose CPU time and memory count. */
  readonly pids: readonly number[]
}

/** Where the proxies send requests. */
export interface Before {
  readonly stage: Stage
  readonly backend: number
}

type Start = (before: Before, path: string, port: number) => readonly number[]

/** The names of those that may be absent, in the order of the tables. */
export const RIVALS = ['nginx', 'haproxy', 'envoy', 'caddy'] as const
export type Rival = (typeof RIVALS)[number]

const STARTS: Readonly<Record<Rival, Start>> = {
  nginx: ({ stage, backend }, path, port) => [
    stage.start('proxy', path, ['-p', stage.folder, '-c', stage.write('nginx.conf', nginxConf(stage.folder, port, backend))])
  ],
  haproxy: ({ stage, backend }, path, port) => [
    stage.start('proxy', path, ['-q', '-db', '-f', stage.write('haproxy.cfg', haproxyConf(port, backend))])
  ],
  envoy: (before, path, port) => startEnvoy(before, path, port),
  caddy: ({ stage, backend }, path, port) => {
    const words = ['run', '--adapter', 'caddyfile', '--config', stage.write('Caddyfile', caddyConf(port, backend))]
    const home = { HOME: stage.folder, XDG_DATA_HOME: stage.folder, XDG_CONFIG_HOME: stage.folder }
    return [stage.start('proxy', path, words, { ...home, GOMAXPROCS: '1' })]
  }
}

/** Starts a rival; undefined when it is not installed. */
export async function startRival(name: Rival, before: Before): Promise<Proxy | undefined> {
  const path = program(name)
  if (path === undefined) return undefined
  const port = await freePort()
  const pids = STARTS[name](before, path, port)
  await untilServed(port)
  // nginx works in a child.
  return { name, port, pids: name === 'nginx' ? pids.flatMap(childrenOf) : pids }
}

/** Envoy once more, with Istio's access log as text. */
export async function startLoggingEnvoy(before: Before): Promise<Proxy | undefined> {
  const path = program('envoy')
  if (path === undefined) return undefined
  const port = await freePort()
  const pids = startEnvoy(before, path, port, '/dev/null')
  await untilServed(port)
  return { name: 'envoy', port, pids }
}

/** The proxy of node:http and undici that a user would write. */
export async function startNaive({ stage, backend }: Before): Promise<Proxy> {
  const port = await freePort()
  const pid = stage.start('proxy', process.execPath, [`${ROOT}/bench/naive-proxy.ts`, String(port), String(backend)])
  await untilServed(port)
  return { name: 'node:http + undici', port, pids: [pid] }
}

/** Workers of Serin; one, unless the options say otherwise. */
export async function startSerin({ stage, backend }: Before, options: SerinOptions = {}): Promise<Proxy> {
  const { port, pids } = await startWorkers(stage, backend, options)
  await untilServed(port)
  return { name: 'serin', port, pids }
}

const untilServed = (port: number): Promise<void> => untilAnswered(port, '/100', CALLED)

function startEnvoy({ stage, backend }: Before, path: string, port: number, accessLog?: string): number[] {
  const config = stage.write(`envoy-${port}.json`, JSON.stringify(envoyConfig({ port, backend, accessLog })))
  const words = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error', '--config-path', config]
  return [stage.start('proxy', path, words)]
}

function nginxConf(folder: string, port: number, backend: number): string {
  return `${nginxHead(folder, 'proxy')}
 upstream up { server 127.0.0.1:${backend}; keepalive 512; keepalive_requests 100000000; }
 server { listen 127.0.0.1:${port} backlog=4096;
  location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_buffers 32 16k; }
 } }
`
}

function haproxyConf(port: number, backend: number): string {
  return `global
 nbthread 1
 maxconn 9000
defaults
 mode http
 timeout connect 5s
 timeout client 600s
 timeout server 600s
 http-reuse always
frontend in
 bind 127.0.0.1:${port} backlog 4096
 default_backend up
backend up
 server one 127.0.0.1:${backend}
`
}

function caddyConf(port: number, backend: number): string {
  return `{
 admin off
 auto_https off
 log {
  level ERROR
 }
}
http://:${port} {
 bind 127.0.0.1
 reverse_proxy 127.0.0.1:${backend} {
  transport http {
   keepalive_idle_conns 512
   keepalive_idle_conns_per_host 512
  }
 }
}
`
}
