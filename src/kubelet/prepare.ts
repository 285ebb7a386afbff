// From a container's spec to what can be spawned: command, environment, working directory and volumes; or why it cannot run yet.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dig } from '../std/json.ts'
import { containerEnv, expand } from '../workload/env.ts'
import { imageProblem, type ImageCommand } from '../workload/image-map.ts'
import type { Service } from '../api/builtin-types.ts'
import type { Container, Pod } from '../api/builtin-types-pod.ts'
import type { Volume } from '../api/builtin-types-volume.ts'
import type { KubeletOptions } from './kubelet-options.ts'
import { findProgram, isProgram } from './programs.ts'

/** A container ready to start, or the reason it waits with. */
export type Prepared =
  | {
      readonly kind: 'ready'
      readonly command: readonly [string, ...string[]]
      readonly env: Readonly<Record<string, string>>
      readonly cwd: string
    }
  | { readonly kind: 'blocked'; readonly reason: 'ImageNotRunnable' | 'CreateContainerConfigError'; readonly message: string }

/** Which container of which pod. */
export interface Place {
  readonly pod: Pod
  readonly podIP: string
  readonly container: Container
}

/** The variable that tells the processes of one container from all others, exec's included: they end with it. */
export const CONTAINER_ID = 'SERIN_CONTAINER'
const HOST_IP = '127.0.0.1'
const REBIND = fileURLToPath(new URL('./rebind.cjs', import.meta.url))

/** Reads what the container refers to and lays out its volumes. Rejects only when the API cannot be asked. */
export async function prepare(place: Place, options: KubeletOptions, signal: AbortSignal): Promise<Prepared> {
  const { pod, container } = place
  const { image = '' } = container
  const mapped = options.imageCommand(image)
  if ((container.command ?? []).length === 0 && mapped === undefined) return notRunnable(image)
  const references = await readReferences(pod, options, signal)
  const volumes = layOut(pod, references, join(options.directory, 'pods', pod.metadata.uid ?? 'pod', 'volumes'))
  const { env, missing } = containerEnv(container, {
    pod,
    podIP: place.podIP,
    hostIP: HOST_IP,
    configMaps: texts(references.configMaps),
    secrets: texts(references.secrets),
    services: pod.spec.enableServiceLinks === false ? [] : references.services,
    injected: { ...injected(place, options, mapped), ...volumes.env }
  })
  const absent = [...missing, ...volumes.missing]
  if (absent.length > 0) return { kind: 'blocked', reason: 'CreateContainerConfigError', message: absent.join('; ') }
  const cwd = resolve(options.workDir, container.workingDir ?? '.')
  const [first = '', ...args] = wordsOf(container, mapped, (word) => isHere(expand(word, env), cwd, env)).map((word) => expand(word, env))
  if (first === '') return notRunnable(image)
  if (!isHere(first, cwd, env)) return notRunnable(image, first)
  return { kind: 'ready', command: [first, ...args], env, cwd }
}

/** Where a command is in the image only, what the image stands for takes its place, and its words stay. */
function wordsOf(
  { command = [], args = [] }: Container,
  mapped: ImageCommand | undefined,
  here: (word: string) => boolean
): readonly string[] {
  const [program, ...more] = command
  return mapped === undefined || (program !== undefined && here(program)) ? [...command, ...args] : [...mapped.command, ...more, ...args]
}

function notRunnable(image: string, command?: string): Prepared {
  return { kind: 'blocked', reason: 'ImageNotRunnable', message: imageProblem(image, command) }
}

/** Whether a program can be started: a path from `cwd`, or a name that is found. */
function isHere(program: string, cwd: string, { PATH = '' }: Readonly<Record<string, string>>): boolean {
  if (program.includes('/')) return isProgram(resolve(cwd, program))
  return program !== '' && findProgram(program, PATH) !== undefined
}

function injected({ pod, podIP, container }: Place, options: KubeletOptions, mapped: ImageCommand | undefined): Record<string, string> {
  const port = container.ports?.[0]?.containerPort
  const app = pod.metadata.labels?.['app']
  return {
    ...options.baseEnv,
    HOSTNAME: pod.metadata.name ?? '',
    [CONTAINER_ID]: `${pod.metadata.uid}/${container.name}`,
    HOST: podIP,
    POD_IP: podIP,
    NODE_OPTIONS: `--require ${JSON.stringify(REBIND)}`,
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...(app === undefined ? {} : { SERIN_APP: app }),
    ...(mapped === undefined ? {} : { SERIN_IMAGE_TAG: mapped.tag }),
    ...options.proxyEnv(pod, podIP)
  }
}

type Files = Readonly<Record<string, Uint8Array>>

interface References {
  readonly configMaps: ReadonlyMap<string, Files>
  readonly secrets: ReadonlyMap<string, Files>
  readonly services: readonly Service[]
}

async function readReferences(pod: Pod, { client }: KubeletOptions, signal: AbortSignal): Promise<References> {
  const { namespace = '' } = pod.metadata
  const names = namesOf(pod)
  const read = async (resource: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Files>> => {
    const found = new Map<string, Files>()
    for (const name of wanted) {
      const object = await client.get({ group: '', version: 'v1', resource, namespace, name }, { signal })
      if (object !== undefined) found.set(name, filesOf(object))
    }
    return found
  }
  const services = await client.list({ group: '', version: 'v1', resource: 'services', namespace }, { signal })
  // The API server decoded these kinds.
  return {
    configMaps: await read('configmaps', names.configMaps),
    secrets: await read('secrets', names.secrets),
    services: services.items as Service[]
  }
}

function namesOf(pod: Pod): { readonly configMaps: ReadonlySet<string>; readonly secrets: ReadonlySet<string> } {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const values = containers.flatMap(({ env = [] }) => env.flatMap(({ valueFrom = {} }) => [valueFrom]))
  const whole = containers.flatMap(({ envFrom = [] }) => envFrom)
  const volumes = pod.spec.volumes ?? []
  const configMaps = [
    ...values.map(({ configMapKeyRef }) => configMapKeyRef?.name),
    ...whole.map(({ configMapRef }) => configMapRef?.name),
    ...volumes.map(({ configMap }) => configMap?.name)
  ]
  const secrets = [
    ...values.map(({ secretKeyRef }) => secretKeyRef?.name),
    ...whole.map(({ secretRef }) => secretRef?.name),
    ...volumes.map(({ secret }) => secret?.secretName)
  ]
  const named = (names: readonly (string | undefined)[]): ReadonlySet<string> => new Set(names.filter((name) => name !== undefined))
  return { configMaps: named(configMaps), secrets: named(secrets) }
}

function filesOf(object: unknown): Files {
  const files: Record<string, Uint8Array> = {}
  const base64 = dig(object, 'kind') === 'Secret' ? 'data' : 'binaryData'
  for (const [key, value] of Object.entries(dig(object, base64) ?? {})) files[key] = Buffer.from(String(value), 'base64')
  if (base64 === 'binaryData') for (const [key, value] of Object.entries(dig(object, 'data') ?? {})) files[key] = Buffer.from(String(value))
  return files
}

function texts(all: ReadonlyMap<string, Files>): ReadonlyMap<string, Readonly<Record<string, string>>> {
  return new Map(
    [...all].map(([name, files]) => [
      name,
      Object.fromEntries(Object.entries(files).map(([key, bytes]) => [key, Buffer.from(bytes).toString()]))
    ])
  )
}

// A process has no mount table: each volume is a directory, and VOLUME_<NAME> says where.
function layOut(pod: Pod, references: References, root: string): { readonly env: Record<string, string>; readonly missing: string[] } {
  const env: Record<string, string> = {}
  const missing: string[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const path = join(root, volume.name)
    const source = sourceOf(volume, references)
    if (source === undefined) continue
    env[`VOLUME_${volume.name.toUpperCase().replaceAll('-', '_')}`] = path
    if (source.files === undefined && !source.optional) missing.push(`${source.what} not found`)
    if (source.files === 'scratch') mkdirSync(path, { recursive: true, mode: 0o700 })
    else writeFiles(path, source.files ?? {}, source.items)
  }
  return { env, missing }
}

interface Source {
  readonly files: Files | 'scratch' | undefined
  readonly optional: boolean
  readonly what: string
  readonly items: readonly { readonly key: string; readonly path: string }[] | undefined
}

function sourceOf(volume: Volume, references: References): Source | undefined {
  const { configMap, secret, emptyDir } = volume
  if (emptyDir !== undefined) return { files: 'scratch', optional: true, what: '', items: undefined }
  if (configMap !== undefined) {
    const name = configMap.name ?? ''
    return {
      files: references.configMaps.get(name),
      optional: configMap.optional === true,
      what: `configmap "${name}"`,
      items: configMap.items
    }
  }
  if (secret === undefined) return undefined
  const name = secret.secretName ?? ''
  return { files: references.secrets.get(name), optional: secret.optional === true, what: `secret "${name}"`, items: secret.items }
}

function writeFiles(path: string, files: Files, items: Source['items']): void {
  const part = `${path}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true, mode: 0o700 })
  const listed = items ?? Object.keys(files).map((key) => ({ key, path: key }))
  for (const item of listed) {
    const to = resolve(part, item.path)
    const bytes = files[item.key]
    // The API refuses such paths; a file outside the volume must not be written even if it did not.
    if (bytes === undefined || !to.startsWith(`${part}/`)) continue
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    writeFileSync(to, bytes, { mode: 0o600 })
  }
  rmSync(path, { recursive: true, force: true })
  renameSync(part, path)
}
