// How objects get into a compiler: all of a config at once, or one of any kind at a time.

import type { KubeObject } from '../api/object.ts'
import { keyOf } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import type { MeshList } from './mesh-inputs.ts'
import { meshListOf } from './mesh-objects.ts'
import { type RouteCompiler, TOGETHER } from './route-compiler.ts'

const LISTS = [
  ...TOGETHER,
  'services',
  'serviceEntries',
  'endpointSlices',
  'workloadEntries',
  'pods',
  'destinationRules',
  'virtualServices'
] as const satisfies readonly MeshList[]

/** Puts everything of a config into a compiler. */
export function fill(compiler: RouteCompiler, config: MeshConfig): void {
  for (const list of LISTS) for (const object of config[list] ?? []) compiler.set(list, keyOf(object), object)
  for (const name of config.namespaces) compiler.setNamespace(name, 'there')
}

/** Tells a compiler of an object of any kind that came (no `before`), changed, or went (no `after`). */
export function putObject(compiler: RouteCompiler, before: KubeObject | undefined, after: KubeObject | undefined): void {
  const list = after === undefined ? undefined : meshListOf(after)
  const old = before === undefined ? undefined : meshListOf(before)
  if (before !== undefined && old !== undefined && old !== list) compiler.set(old, keyOf(before), undefined)
  // The kind names the type; it was decoded when it was read.
  if (after !== undefined && list !== undefined) compiler.set(list, keyOf(after), after)
  const [gone, come] = [namespaceIn(before), namespaceIn(after)]
  if (gone === come) return
  if (gone !== undefined) compiler.setNamespace(gone, 'gone')
  if (come !== undefined) compiler.setNamespace(come, 'there')
}

function namespaceIn(object: KubeObject | undefined): string | undefined {
  return object?.kind === 'Namespace' ? object.metadata.name : undefined
}
