// How much CPU one worker takes for a request, beside nginx and beside a proxy of node:http and undici, in one run of alternating rounds
// (proxy.md 1 and 10). Usage: node bench/proxy.ts [--rounds N] [--seconds N]. It needs nginx and wrk, from the PATH or unpacked below .cache/programs:
//   mkdir -p .cache/debs .cache/programs && cd .cache/debs
//   apt-get download nginx wrk libluajit-5.1-2 libluajit2-5.1-2 libluajit2-5.1-common libluajit-5.1-common
//   for file in *.deb; do dpkg -x "$file" ../programs; done

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/host/system-clock.ts'
import { Registry } from '../src/metrics/registry.ts'
import { Workers } from '../src/proxy/workers.ts'
import { benchTable } from './proxy-table.ts'

interface Shape {
  readonly name: string
  readonly path: string
  readonly connections: number
  readonly post: boolean
  /** proxy.md 10: CPU per request against nginx, at most. */
  readonly target: number
}

const SHAPES: readonly Shape[] = [
  { name: '100 B, c64', path: '/100', connections: 64, post: false, target: 1.25 },
  { name: '100 B, c256', path: '/100', connections: 256, post: false, target: 1.35 },
  { name: '10 KB, c64', path: '/10k', connections: 64, post: false, target: 1.4 },
  { name: '10 KB chunked, c64', path: '/chunked', connections: 64, post: false, target: 1.25 },
  { name: 'POST 10 KB, c64', path: '/100', connections: 64, post: true, target: 1.5 },
  { name: '1 MB, c16', path: '/1m', connections: 16, post: false, target: 1.35 }
]

const HEADERS = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Cache-Control: no-cache',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'Referer: http://shop.example.com/catalogue/list?page=3',
  'X-Trace: 4bf92f3577b34da6a3ce929d0e0e4736'
]

const here = fileURLToPath(new URL('..', import.meta.url))
const unpacked = join(here, '.cache', 'programs')
const libraries = join(unpacked, 'usr', 'lib', 'x86_64-linux-gnu')
const environment = { ...process.env, LD_LIBRARY_PATH: existsSync(libraries) ? libraries : (process.env['LD_LIBRARY_PATH'] ?? '') }
const children: ChildProcess[] = []

function program(name: string): string | undefined {
  for (const folder of [join(unpacked, 'usr', 'sbin'), join(unpacked, 'usr', 'bin'), ...(process.env['PATH'] ?? '').split(':')]) {
    if (existsSync(join(folder, name))) return join(folder, name)
  }
  return undefined
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  return child
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilAnswered(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answered = await fetch(`http://127.0.0.1:${port}/100`).then(
      (response) => response.ok,
      () => false
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing answers on port ${port}`)
}

// User and system time of a process and its threads, in microseconds (proc(5); a tick is 10 ms).
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const backendConf = (
  folder: string,
  port: number
): string => `daemon off; worker_processes 1; pid ${folder}/backend.pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
 default_type application/octet-stream; client_body_buffer_size 64k;
 server { listen 127.0.0.1:${port} backlog=1024; root ${folder}/files;
  location = /100 { return 200 "${'x'.repeat(100)}"; }
  location = /10k { open_file_cache max=10; }
  location = /chunked { ssi on; ssi_types *; alias ${folder}/files/10k; open_file_cache max=10; }
 } }`

const proxyConf = (
  folder: string,
  port: number,
  backend: number
): string => `daemon off; worker_processes 1; pid ${folder}/proxy.pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/b2; proxy_temp_path ${folder}/p2; fastcgi_temp_path ${folder}/f2; uwsgi_temp_path ${folder}/u2; scgi_temp_path ${folder}/s2;
 upstream up { server 127.0.0.1:${backend}; keepalive 512; keepalive_requests 100000000; }
 server { listen 127.0.0.1:${port} backlog=1024; client_body_buffer_size 64k;
  location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_buffers 32 16k; } } }`

interface Target {
  readonly name: string
  readonly port: number
  readonly pid: number
}

interface Sample {
  readonly cpu: number
  readonly rps: number
  readonly errors: number
}

function load(wrk: string, target: Target, shape: Shape, seconds: number): Sample {
  const headers = ['Host: reviews.default.svc.cluster.local', ...HEADERS].flatMap((line) => ['-H', line])
  const script = shape.post ? ['-s', join(here, '.cache', 'post.lua')] : []
  const before = cpuOf(target.pid)
  const url = `http://127.0.0.1:${target.port}${shape.path}`
  const args = ['-c', '1', wrk, '-t1', `-c${shape.connections}`, `-d${seconds}s`, ...script, ...headers, url]
  const { stdout } = spawnSync('taskset', args, { env: environment, encoding: 'utf8' })
  const used = cpuOf(target.pid) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? '0'
  const sockets = [...(/Socket errors: (.*)/.exec(stdout)?.[1] ?? '').matchAll(/\d+/g)].reduce((sum, found) => sum + Number(found[0]), 0)
  return { cpu: used / requests, rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), errors: Number(failed) + sockets }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function childOf(pid: number): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]
      if (Number(parent) === pid) return Number(name)
    } catch {
      // The process ended while we looked.
    }
  }
  throw new Error(`process ${pid} has no child`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '1' } } })
  const nginx = program('nginx')
  const wrk = program('wrk')
  if (nginx === undefined || wrk === undefined) {
    console.log('nginx and wrk are needed: the first lines of bench/proxy.ts say how to unpack them without installing a service')
    return 1
  }
  const folder = mkdtempSync(join(tmpdir(), 'serin-bench-'))
  const registry = new Registry()
  const clock = systemClock()
  const workers = new Workers({ count: 1, clock, registry, onTrouble: (message) => console.error(message) })
  try {
    mkdirSync(join(folder, 'files'))
    mkdirSync(join(here, '.cache'), { recursive: true })
    // nginx started by root reads as another user.
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'files', '10k'), 'y'.repeat(10_240))
    writeFileSync(join(folder, 'files', '1m'), 'z'.repeat(1_048_576))
    writeFileSync(join(here, '.cache', 'post.lua'), `wrk.method = "POST"\nwrk.body = string.rep("p", 10240)\n`)
    const backend = await freePort()
    writeFileSync(join(folder, 'backend.conf'), backendConf(folder, backend))
    start('taskset', ['-c', '1', nginx, '-p', folder, '-c', join(folder, 'backend.conf')])
    await untilAnswered(backend)
    const plain = await freePort()
    writeFileSync(join(folder, 'proxy.conf'), proxyConf(folder, plain, backend))
    const master = start('taskset', ['-c', '0', nginx, '-p', folder, '-c', join(folder, 'proxy.conf')])
    await untilAnswered(plain)
    const naive = await freePort()
    const user = start('taskset', ['-c', '0', process.execPath, join(here, 'bench', 'naive-proxy.ts'), String(naive), String(backend)])
    await untilAnswered(naive)
    await workers.start()
    await workers.push(benchTable(backend))
    const source = { workload: 'gateway', namespace: 'default', app: 'gateway', version: 'latest' }
    const serin = await workers.listen({ id: 'b', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source })
    const [worker = 0] = workers.pids
    spawnSync('taskset', ['-a', '-p', '1', String(worker)])
    const targets: Target[] = [
      { name: 'nginx', port: plain, pid: childOf(master.pid ?? 0) },
      { name: 'serin', port: serin, pid: worker },
      { name: 'node:http + undici', port: naive, pid: user.pid ?? 0 }
    ]
    report(measure(wrk, targets, Number(values.rounds), Number(values.seconds)))
    console.log(`\nRSS of the worker after the runs: ${Math.round(rss(worker) / 1024)} MB`)
    return 0
  } finally {
    await workers.stop(100)
    for (const child of children) child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function rss(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

type Results = Map<Shape, Map<string, Sample[]>>

function measure(wrk: string, targets: readonly Target[], rounds: number, seconds: number): Results {
  const results: Results = new Map()
  for (const shape of SHAPES) {
    const samples = new Map<string, Sample[]>(targets.map((target) => [target.name, []]))
    results.set(shape, samples)
    for (const target of targets) load(wrk, target, shape, 1)
    for (let round = 0; round < rounds; round++) {
      for (const target of targets) samples.get(target.name)?.push(load(wrk, target, shape, seconds))
    }
  }
  return results
}

function report(results: Results): void {
  console.log('| case | proxy | CPU us/request | against nginx | requests/s | against nginx | errors |\n|---|---|---|---|---|---|---|')
  for (const [shape, samples] of results) {
    const base = samples.get('nginx') ?? []
    for (const [name, own] of samples) {
      const ratio = (read: (sample: Sample) => number): string =>
        median(own.map((sample, round) => read(sample) / read(base[round] ?? sample))).toFixed(2)
      const goal = name === 'serin' ? ` (target ${shape.target})` : ''
      const cpu = median(own.map((sample) => sample.cpu)).toFixed(1)
      const rps = Math.round(median(own.map((sample) => sample.rps)))
      const errors = own.reduce((sum, sample) => sum + sample.errors, 0)
      console.log(
        `| ${shape.name} | ${name} | ${cpu} | ${ratio((sample) => sample.cpu)}${goal} | ${rps} | ${ratio((sample) => sample.rps)} | ${errors} |`
      )
    }
  }
}

process.exitCode = await main()
