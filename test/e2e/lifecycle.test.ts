// Stopping an instance: what is under way is answered, everything it started ends, and how it was asked makes no difference.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { pidsOfRun } from '../../src/host/process-table.ts'
import { fetchThrough, type MeshAnswer } from './mesh-request.ts'
import { run, until } from './run.ts'
import { ROOT, type Serin, startSerin } from './serin.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function folder(name = 'serin-life-'): string {
  const dir = mkdtempSync(join(tmpdir(), name))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function started(options: Parameters<typeof startSerin>[0]): Promise<Serin> {
  const serin = await startSerin(options)
  cleanups.push(() => serin.stop())
  return serin
}

const childrenOf = (dir: string): number[] => pidsOfRun(readFileSync(join(dir, 'run'), 'utf8').trim())

// A program that begins answers to /held, ends them when it has answered /end, and itself at once on SIGTERM (which comes as soon as nothing
// is in hand there), behind a Service; and one that does not care about SIGTERM and has a child of its own.
const SLOW =
  `const held = []; require('http').createServer((q, r) => { if (q.url === '/held') return r.write('first', () => held.push(r)); ` +
  `if (q.url === '/end') return r.end('ended', () => held.forEach((each) => each.end(' last'))); r.end(r.socket.localAddress) }).listen(8080)`
const SLOW_AND_DEAF = `
apiVersion: v1
kind: Pod
metadata: {name: slow, labels: {app: slow}}
spec:
  containers:
  - name: slow
    image: none
    command: [node, -e, ${JSON.stringify(SLOW)}]
    ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: slow}
spec:
  selector: {app: slow}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: deaf}
spec:
  containers:
  - name: deaf
    image: none
    command: [sh, -c, "trap '' TERM; sleep 600 & while :; do sleep 1; done"]
`

async function withSlowAndDeaf(options: { readonly group?: true } = {}): Promise<Serin> {
  const dir = folder()
  const file = join(folder(), 'pods.yaml')
  writeFileSync(file, SLOW_AND_DEAF)
  const serin = await started({ dir, files: [file], ...options })
  await until('the slow pod answers', async () => (await fetchThrough(serin.addresses.mesh, 'http://slow/')).status === 200)
  return serin
}

/** A request whose answer has begun, and goes on when the entrances are closed: nothing can come in then but by the pod's own address. */
async function underWay({ addresses: { mesh } }: Serin): Promise<Promise<MeshAnswer>[]> {
  const { text: address } = await fetchThrough(mesh, 'http://slow/')
  let answer: Promise<MeshAnswer> | undefined
  await new Promise<void>((resolve) => {
    answer = fetchThrough(mesh, 'http://slow/held', resolve)
  })
  const isClosed = (): Promise<boolean> =>
    fetch(mesh).then(
      () => false,
      () => true
    )
  void until('the mesh is closed', isClosed).then(() => fetch(`http://${address}:8080/end`))
  return answer === undefined ? [] : [answer]
}

describe('stopping', () => {
  it('SIGTERM lets a request under way be answered, and ends deaf pods and grandchildren', async () => {
    const serin = await withSlowAndDeaf()
    const { dir } = serin
    expect(childrenOf(dir).length).toBeGreaterThanOrEqual(5)
    const answers = await underWay(serin)
    expect(await serin.stop()).toBe(0)
    expect(await Promise.all(answers)).toEqual([{ status: 200, text: 'first last' }])
    expect(childrenOf(dir)).toEqual([])
    expect(existsSync(join(dir, 'serin.json'))).toBe(false)
    expect(existsSync(join(dir, 'lock'))).toBe(false)
  })

  it('Ctrl-C, which the whole process group gets, stops as SIGTERM does', async () => {
    const serin = await withSlowAndDeaf({ group: true })
    const { dir, child } = serin
    const answers = await underWay(serin)
    const exit = new Promise((resolve) => child.once('exit', resolve))
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(await exit).toBe(0)
    expect(await Promise.all(answers)).toEqual([{ status: 200, text: 'first last' }])
    expect(childrenOf(dir)).toEqual([])
    expect(existsSync(join(dir, 'serin.json'))).toBe(false)
  })
})

// What `serin up` says when it cannot start: the last line, and its exit code.
async function refusal(...args: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const ports = ['api', 'http', 'admin', 'mesh'].flatMap((name) => (args.includes(`--${name}-port`) ? [] : [`--${name}-port`, '0']))
  const { code, stderr } = await run(process.execPath, [join(ROOT, 'bin', 'serin'), 'up', ...ports, ...args])
  return { code, said: stderr.trim().split('\n').at(-1) ?? '' }
}

describe('starting where it cannot be', () => {
  it('a second serin up on a data folder in use is refused, and the first goes on', async () => {
    const serin = await started({ dir: folder() })
    const { code, said } = await refusal('--data-dir', serin.dir)
    expect(code).toBe(1)
    expect(said).toBe(
      `serin: data directory ${serin.dir} is in use by process ${serin.pid} (node main.ts): stop it, or name another with --data-dir`
    )
    const names = ['api', 'http', 'admin', 'mesh'] as const
    const ports = names.map((name) => ({ name, port: new URL(serin.addresses[name]).port }))
    const taken = await refusal('--data-dir', folder(), ...ports.flatMap(({ name, port }) => [`--${name}-port`, port]))
    expect(taken.code).toBe(1)
    for (const { name, port } of ports) {
      const words = `127.0.0.1:${port} is in use by process \\d+ \\(node [\\w.-]+\\): name another port with --${name}-port \\(0 is any free one\\)`
      expect(taken.said).toMatch(new RegExp(words))
    }
    expect((await fetch(`${serin.addresses.admin}/healthz`)).status).toBe(200)
  })

  it('a damaged store is named and left as it is; files of others in the folder disturb nothing', async () => {
    const dir = folder()
    mkdirSync(join(dir, 'store'))
    const files = { '.gitignore': '*\n', 'foreign.txt': 'mine', 'store/snapshot.1': 'no snapshot\n', 'store/foreign.txt': 'mine' }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    const { code, said } = await refusal('--data-dir', dir)
    expect(code).toBe(1)
    expect(said).toBe(
      `serin: cannot go on from ${join(dir, 'store')}: the snapshot is damaged: it is not complete; moved away, serin begins anew`
    )
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(dir, name), 'utf8')).toBe(text)
    renameSync(join(dir, 'store'), join(dir, 'store.damaged'))
    await started({ dir })
  })

  it('a relative data folder with spaces is made, its kubeconfig works from the printed line, and --https-port says that it has no effect', async () => {
    const base = folder('serin life ')
    const args = ['--https-port', '0']
    const serin = await started({ dir: join(base, 'my data'), args })
    const line = serin.lines.find((each) => each.startsWith('kubectl:')) ?? ''
    const shown = await run('sh', ['-c', `${line.replace('kubectl:', '')}; cat "$KUBECONFIG"`])
    expect(shown.stdout).toBe(readFileSync(join(base, 'my data', 'kubeconfig'), 'utf8'))
    await serin.said('serin: --https-port has no effect yet: TLS is not served at gateways')
    expect(Object.keys(serin.addresses).toSorted()).toEqual(['admin', 'api', 'http', 'mesh', 'pid'])
  })
})
