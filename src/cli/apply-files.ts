// `-f`: objects from files, applied as kubectl apply does: what the file said last time, what it says now and what is there are merged, so
// that fields others own (the weights of a rollout under way) stay.

import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { ApiError, type CallOptions, type KubeClient } from '../kube/kube-client.ts'
import { findingLine } from '../lint/lint-manifests.ts'
import { unservedText } from '../lint/unserved.ts'
import { type FileFinding, type PlacedObject, readManifests } from '../lint/manifests.ts'
import { checkWritten } from '../route/check-rules.ts'
import { isObject, sameJson } from '../std/json.ts'
import { ManifestError } from './manifest-error.ts'
import { readFiles, skippedLine } from './read-files.ts'

/** What became of an object of a file: a line for the user. */
export interface FileOutcome {
  readonly kind: 'applied' | 'skipped' | 'refused'
  readonly line: string
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Objects of files, namespaces and definitions first: others need them. Throws a ManifestError with every error, before anything is
 * applied; what is only worth a look goes to `log`. Kinds that are not in `kinds` may come from definitions among the files.
 */
export async function readObjects(
  paths: readonly string[],
  kinds: readonly KindSpec[],
  log: (line: string) => void
): Promise<readonly PlacedObject[]> {
  if (paths.length === 0) return []
  const { manifests, skipped } = await readFiles(paths)
  const beside = skippedLine(skipped)
  if (beside !== undefined) log(beside)
  const { objects, findings } = readManifests(manifests, kinds)
  const errors = [...findings, ...objects.flatMap(deniedIn)].filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new ManifestError(errors.map(findingLine))
  // Whether a kind is known is seen when it is applied.
  for (const finding of findings) if (finding.code !== 'unknown-kind') log(findingLine(finding))
  const first = ({ object }: PlacedObject): number => (object.kind === 'Namespace' ? 0 : object.kind === 'CustomResourceDefinition' ? 1 : 2)
  return objects.toSorted((a, b) => first(a) - first(b))
}

/** What Istio's admission would say of an object of a file, at its lines. */
function deniedIn({ file, lineOf, object }: PlacedObject): FileFinding[] {
  return checkWritten(object).map((problem) => ({ ...problem, file, line: lineOf(problem.path) }))
}

/** Applies one object; the line says created, configured, unchanged, or why not. */
export async function applyObject(
  client: KubeClient,
  kinds: readonly KindSpec[],
  placed: PlacedObject,
  options: CallOptions
): Promise<FileOutcome> {
  const { file, line, object } = placed
  const found = resourceOf(kinds, object)
  const at = `${file}:${line}: `
  const label = `${object.kind.toLowerCase()}/${object.metadata.name ?? ''}`
  if (found === undefined)
    return { kind: 'skipped', line: `${at}${label}: not applied: ${unservedText(object.apiVersion, object.kind, kinds)}` }
  if (object.metadata.name === undefined) return { kind: 'refused', line: `${at}${label}: metadata.name is missing: it cannot be applied` }
  try {
    return { kind: 'applied', line: `${label} ${await applyTo(client, found, asWritten(placed), options)}` }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { kind: 'refused', line: `${at}${label}: ${error.message}` }
  }
}

/** The object without what decoding added; its names have been checked. */
function asWritten({ written, object: { apiVersion, kind, metadata } }: PlacedObject): KubeObject {
  const { name, namespace } = metadata
  const own = isObject(written['metadata']) ? written['metadata'] : {}
  return {
    ...written,
    apiVersion,
    kind,
    metadata: { ...own, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) }
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
