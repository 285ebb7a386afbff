// The guides' Canaries on a real instance: their YAML as it stands in the shared folder, what they leave out beside it, and kubectl watching.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { Bug } from '../../src/std/bug.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import { ROOT, type Serin, startSerin } from './serin.ts'

/** How long a rollout may take on a machine that is busy with everything else, in ms; none takes a third of it by itself. */
export const PATIENCE = 240_000

/** The same for an initialisation: shorter than a hook's PATIENCE, so that what hangs is told. */
export const PATIENCE_AT_FIRST = 120_000

const GUIDES = join(ROOT, '..', 'shared', 'guides', 'manifests')

/** The text of a guide's manifest, e.g. `40-g4-canary-api`. */
export function manifest(name: string): string {
  return readFileSync(join(GUIDES, `${name}.yaml`), 'utf8')
}

/** The analysis runs every 10 s, the shortest that Flagger knows; nothing else of the text changes. */
export function shortened(canary: string): string {
  return canary.replaceAll(/^( +interval:) \d+[ms]/gm, '$1 10s')
}

/** `canary` as Flagger alone would judge it: by thresholds. */
export function byThresholds(canary: string): string {
  return canary.replace(/^metadata:\n/m, 'metadata:\n  annotations:\n    serin.dev/gate: thresholds\n')
}

/** The application under release: a Deployment of two pods, and the load tester where the guides expect it. */
export interface Shop {
  readonly namespace: string
  readonly app: string
  readonly image: string
}

/** Starts an instance that runs the shops' images as the demo application, with everything applied but the Canaries. */
export async function startShops(shops: readonly Shop[], dir?: string): Promise<Serin> {
  const serin = await reopenShops(shops, dir)
  const input = [namespaces(shops), loadTester(), ...shops.map(application)].join('---\n')
  const { code, stderr } = await serin.kubectl(['apply', '-f', '-'], { input })
  if (code === 0) return serin
  await serin.stop()
  throw new Error(stderr)
}

/** Starts the instance alone, for a data folder that knows the shops. */
export function reopenShops(shops: readonly Shop[], dir?: string): Promise<Serin> {
  const config = ['images:', ...shops.map(({ image }) => `  "${image}:*": serin/demo`), ''].join('\n')
  return startSerin({ config, ...(dir === undefined ? {} : { dir }) })
}

function namespaces(shops: readonly Shop[]): string {
  const names = [...new Set(['test', ...shops.map(({ namespace }) => namespace)])]
  return names.map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`).join('---\n')
}

function loadTester(): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: flagger-loadtester, namespace: test}
spec:
  selector: {matchLabels: {app: flagger-loadtester}}
  template:
    metadata: {labels: {app: flagger-loadtester}}
    spec:
      containers:
      - {name: loadtester, image: serin/loadtester, ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: flagger-loadtester, namespace: test}
spec:
  selector: {app: flagger-loadtester}
  ports: [{name: http, port: 80, targetPort: http}]
`
}

function application({ namespace, app, image }: Shop): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${app}, namespace: ${namespace}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${app}}}
  template:
    metadata: {labels: {app: ${app}}}
    spec:
      containers:
      - name: ${app}
        image: ${image}:1.0.0
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /health, port: 8080}, periodSeconds: 1}
`
}

/** A `kubectl get canary -w` under way. */
export interface Watched {
  /** Lines printed so far; the first one is the header. */
  readonly lines: readonly string[]
  /** STATUS and WEIGHT of each line, e.g. `Progressing 10`. */
  states(): readonly string[]
  /** Waits for a line with this STATUS; rejects with all lines after `timeout` ms. */
  reaches(status: string, timeout: number): Promise<void>
  stop(): void
}

/** Runs `kubectl get canary -w` for one Canary until stopped. */
export function watchCanary(serin: Serin, namespace: string, name: string): Watched {
  const words = ['--kubeconfig', join(serin.dir, 'kubeconfig'), '--cache-dir', join(serin.dir, 'watch-cache')]
  // A list of one: of an object by its name kubectl does not print the first state that its watch tells, which may be news since it asked.
  const one = ['--field-selector', `metadata.name=${name}`]
  const child: ChildProcess = spawn('kubectl', [...words, 'get', 'canary', ...one, '-n', namespace, '-w'], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const lines: string[] = []
  // What kubectl said besides, and how it ended if it did.
  const troubles: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => troubles.push(text))
  child.once('exit', (code, signal) => troubles.push(`kubectl ended: ${signal ?? code}`))
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  const states = (): readonly string[] => lines.slice(1).map((line) => line.split(/\s+/).slice(1, 3).join(' '))
  return {
    lines,
    states,
    reaches: async (status, timeout) => {
      const seen = (): boolean => states().some((state) => state.startsWith(`${status} `))
      await until(`phase ${status}`, seen, timeout).catch(async (error: unknown) => {
        const { stdout } = await serin.kubectl(['get', 'canary,deployment,pod,event', '-n', namespace])
        throw new Error([String(error), ...lines, ...troubles, stdout, ...serin.lines].join('\n'))
      })
    },
    stop: () => void child.kill()
  }
}

/** The Events that `kubectl describe canary` lists, as `Type Message`, oldest first. */
export async function eventsOf(serin: Serin, namespace: string, name: string): Promise<readonly string[]> {
  const { stdout } = await serin.kubectl(['describe', 'canary', name, '-n', namespace])
  const [, events = ''] = stdout.split('\nEvents:\n')
  return events
    .split('\n')
    .slice(2)
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().replace(/^(\w+)\s+Synced\s+\S+(?: \(x\d+ over \S+\))?\s+flagger\s+/, '$1 '))
}

/** One field of an object by JSONPath. */
export async function field(serin: Serin, namespace: string, object: string, path: string): Promise<string> {
  const { stdout, stderr } = await serin.kubectl(['get', object, '-n', namespace, '-o', `jsonpath=${path}`])
  return stderr === '' ? stdout : stderr
}

/** A Canary at work: the instance, kubectl watching, and what it said on standard error when the Canary was applied. */
export interface Followed {
  readonly warnings: string
  readonly serin: Serin
  readonly watched: Watched
}

/**
 * For a whole test file: shops with their Canaries on one instance, initialised before its first test and stopped after its last. Nothing
 * without kubectl. Tests ask for one by the name of its application.
 */
export function followCanaries(shops: readonly (Shop & { readonly canary: string })[]): (app: string) => Followed {
  const parts = new Map<string, Followed>()
  let serin: Serin | undefined
  beforeAll(async () => {
    if (!KUBECTL_FOUND) return
    const started = (serin = await startShops(shops))
    for (const { namespace, app, canary } of shops) {
      const applied = await started.kubectl(['apply', '-n', namespace, '-f', '-'], { input: canary })
      parts.set(app, { serin: started, watched: watchCanary(started, namespace, app), warnings: applied.stderr })
      expect(applied).toMatchObject({ code: 0, stdout: `canary.flagger.app/${app} created\n` })
    }
    for (const { watched } of parts.values()) await watched.reaches('Initialized', PATIENCE_AT_FIRST)
  }, PATIENCE)
  afterAll(async () => {
    for (const { watched } of parts.values()) watched.stop()
    await serin?.stop()
  })
  return (app) => {
    const part = parts.get(app)
    if (part === undefined) throw new Bug('a Canary is followed once tests run')
    return part
  }
}
