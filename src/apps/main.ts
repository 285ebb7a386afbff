// What runs in pods: `main.ts demo|loadtester|fortio|tcp-echo|sleep [TAG or words]`, configured by the pod's environment. Ends on SIGTERM after the requests under
// way were answered.

import type http from 'node:http'
import { behaviourFrom } from './behaviour.ts'
import { demoApp } from './demo-app.ts'
import { echoServer, fortio } from './fortio.ts'
import { loadTester } from './load-tester.ts'
import { loadTesterSettings } from './load-settings.ts'
import { tcpEcho, tcpEchoSettings } from './tcp-echo.ts'

const env = process.env

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

function serve(server: http.Server, portDefault: number): void {
  const host = env['HOST'] ?? '127.0.0.1'
  const port = Number(env['PORT'] ?? portDefault)
  server.keepAliveTimeout = 75_000
  server.on('error', (error) => fail(error.message))
  server.listen(port, host, () => console.log(`listening on ${host}:${port}`))
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  })
}

function demo(tag: string): void {
  const behaviour = behaviourFrom(env)
  if (typeof behaviour === 'string') fail(behaviour)
  const upstream = env['UPSTREAM_URL'] === '' ? undefined : env['UPSTREAM_URL']
  if (upstream !== undefined && !URL.canParse(upstream)) fail(`UPSTREAM_URL "${upstream}" is not a URL`)
  const identity = {
    app: env['APP'] ?? env['SERIN_APP'] ?? 'demo',
    version: env['VERSION'] ?? (tag === '' ? 'latest' : tag),
    pod: env['HOSTNAME'] ?? 'local',
    upstream,
    proxy: env['http_proxy']
  }
  serve(demoApp(identity, behaviour, Math.random), 8080)
}

function loadtester(words: readonly string[]): void {
  const settings = loadTesterSettings(words, env)
  if (typeof settings === 'string') fail(settings)
  const { port, ...rest } = settings
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  serve(loadTester({ ...rest, proxy: env['http_proxy'], log: (line) => console.log(line), signal: stop.signal }), port)
}

// Without words it is the image's own command: the server.
async function runFortio(words: readonly string[]): Promise<void> {
  if (words.length === 0 || words[0] === 'server') return serve(echoServer(), 8080)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
  const say = (line: string): void => console.log(line)
  process.exitCode = await fortio(words, {
    proxy: env['http_proxy'],
    out: say,
    problem: (line) => console.error(line),
    signal: stop.signal
  })
}

function echo(words: readonly string[]): void {
  const settings = tcpEchoSettings(words)
  if (typeof settings === 'string') fail(settings)
  const host = env['HOST'] ?? '127.0.0.1'
  for (const port of settings.ports) {
    const server = tcpEcho(settings.prefix)
    server.on('error', (error) => fail(error.message))
    server.listen(port, host, () => console.log(`listening on ${host}:${port}`))
  }
  process.on('SIGTERM', () => process.exit(0))
}

const [program = '', tag = '', ...more] = process.argv.slice(2)
if (program === 'demo') demo(tag)
else if (program === 'loadtester') loadtester(tag === '' ? [] : [tag, ...more])
else if (program === 'fortio') await runFortio(tag === '' ? [] : [tag, ...more])
else if (program === 'tcp-echo') echo([tag, ...more])
else if (program === 'sleep') {
  setInterval(() => undefined, 0x7fffffff)
  process.on('SIGTERM', () => process.exit(0))
} else fail(`"${program}" is not an application: use demo, loadtester, fortio, tcp-echo or sleep`)
