// `-f`: objects from files, applied as kubectl apply does: what the file said last time, what it says now and what is there are merged, so
// that fields others own (the weights of a rollout under way) stay.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { parseYaml } from '../api/yaml.ts'
import { ApiError, type CallOptions, type KubeClient } from '../kube/kube-client.ts'
import { isObject, sameJson } from '../std/json.ts'

/** What became of one file or object: a line for the user. */
export interface FileOutcome {
  readonly kind: 'applied' | 'problem'
  readonly line: string
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const FILE_MAX = 16 * 1024 * 1024

/** The YAML and JSON files of a path, folders without their subfolders, as `kubectl apply -f` takes them. Throws what the file system says. */
export function filesAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .toSorted()
    .map((name) => join(path, name))
}

/** Objects of files, with what is wrong in lines. Namespaces and definitions come first: others need them. */
export function readObjects(paths: readonly string[]): { readonly objects: readonly KubeObject[]; readonly problems: readonly string[] } {
  const objects: KubeObject[] = []
  const problems: string[] = []
  for (const path of paths.flatMap(filesAt)) {
    if (statSync(path).size > FILE_MAX) {
      problems.push(`${path}: is larger than ${FILE_MAX} bytes`)
      continue
    }
    const text = parseYaml(readFileSync(path, 'utf8'))
    problems.push(...text.problems.filter(({ severity }) => severity === 'error').map(({ line, message }) => `${path}:${line}: ${message}`))
    for (const { value, line } of text.objects) {
      if (isNamed(value)) objects.push(value)
      else problems.push(`${path}:${line}: the object needs apiVersion, kind and metadata.name`)
    }
  }
  const first = (object: KubeObject): number => (object.kind === 'Namespace' ? 0 : object.kind === 'CustomResourceDefinition' ? 1 : 2)
  return { objects: objects.toSorted((a, b) => first(a) - first(b)), problems }
}

function isNamed(value: unknown): value is KubeObject {
  if (!isObject(value) || !isObject(value['metadata'])) return false
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && typeof value['metadata']['name'] === 'string'
}

/** Applies one object; the line says created, configured, unchanged, or why not. */
export async function applyObject(
  client: KubeClient,
  kinds: readonly KindSpec[],
  object: KubeObject,
  options: CallOptions
): Promise<FileOutcome> {
  const found = resourceOf(kinds, object)
  const label = `${object.kind.toLowerCase()}/${object.metadata.name ?? ''}`
  if (found === undefined) return { kind: 'problem', line: `${label}: no kind ${object.kind} in ${object.apiVersion}` }
  try {
    return { kind: 'applied', line: `${label} ${await applyTo(client, found, object, options)}` }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { kind: 'problem', line: `${label}: ${error.message}` }
  }
}

interface Found {
  readonly resource: ResourceRef
  readonly spec: KindSpec
}

async function applyTo(client: KubeClient, { resource, spec }: Found, given: KubeObject, options: CallOptions): Promise<string> {
  const { name = '' } = given.metadata
  const place = spec.scope === 'Namespaced' ? { namespace: given.metadata.namespace ?? 'default' } : {}
  const object: KubeObject = { ...given, metadata: { ...given.metadata, ...place } }
  const text = `${JSON.stringify(object)}\n`
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: text }
  const wanted: KubeObject = { ...object, metadata: { ...object.metadata, annotations } }
  const key = { ...resource, ...place, name }
  const live = await client.get(key, options)
  if (live === undefined) {
    await client.create(resource, wanted, options)
    return 'created'
  }
  const before = parsed(live.metadata.annotations?.[LAST_APPLIED])
  if (sameJson(before, object)) return 'unchanged'
  await client.patch(key, { kind: 'merge', body: threeWay(before, wanted, live) }, options)
  return 'configured'
}

/** The JSON merge patch that brings `live` to `wanted`: fields gone since `before` are removed, fields of others stay. */
export function threeWay(before: unknown, wanted: unknown, live: unknown): unknown {
  if (!isObject(wanted) || !isObject(live)) return wanted
  const patch: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(wanted)) {
    if (sameJson(live[name], value)) continue
    const was = isObject(before) ? before[name] : undefined
    // Changed by somebody else, not by the file: it stays theirs.
    if (was !== undefined && !isObject(value) && sameJson(was, value)) continue
    patch[name] = threeWay(was, value, live[name])
  }
  return { ...patch, ...removals(before, wanted, live) }
}

type Fields = Readonly<Record<string, unknown>>

function removals(before: unknown, wanted: Fields, live: Fields): Record<string, null> {
  const had = isObject(before) ? Object.keys(before) : []
  return Object.fromEntries(had.filter((name) => wanted[name] === undefined && live[name] !== undefined).map((name) => [name, null]))
}

function resourceOf(kinds: readonly KindSpec[], object: KubeObject): Found | undefined {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion]
  const spec = kinds.find((kind) => kind.group === group && kind.kind === object.kind && kind.versions.some(({ name }) => name === version))
  return spec === undefined || version === undefined ? undefined : { spec, resource: { group: spec.group, version, resource: spec.plural } }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}
