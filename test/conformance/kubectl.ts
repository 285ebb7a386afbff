// The suite `kubectl`: what several kubectl versions sent and a real API server answered, replayed against Serin. A fresh store for
// each case, controllers off. Cases of kinds and features that Serin does not have yet are named, never counted as passed.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { dig, isObject } from '../../src/std/json.ts'
import type { KindSpec } from '../../src/api/kind.ts'
import { parseApiPath } from '../../src/server/api-path.ts'
import { servedIn } from '../../src/server/discovery.ts'
import { compareCommon } from './compare-common.ts'
import type { RecordedCase, Recording } from './recording.ts'
import { collectionPath, replayCase, type ServerUnderTest, send } from './replay.ts'
import { emptyResult, fail, type OpenResult, type SuiteResult } from './suite.ts'

/** Starts servers under test: `fresh` empties the store but for the Namespace `demo`. */
export interface KubectlTarget {
  readonly server: ServerUnderTest
  kinds(): readonly KindSpec[]
  fresh(): Promise<void>
  /** CRD objects that a recording may ask for. */
  readonly definitions: readonly Record<string, unknown>[]
}

/** The recordings under `data/kubectl`, oldest kubectl first. */
export function readRecordings(data: string): Recording[] {
  const folder = join(data, 'kubectl')
  if (!existsSync(folder)) throw new Error(`no recordings: the folder ${folder} is missing`)
  const names = readdirSync(folder).filter((name) => /^cases-.*\.json$/.test(name))
  return names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recording)
}

/** The CustomResourceDefinitions of Flagger's file. */
export function readDefinitions(data: string): Record<string, unknown>[] {
  const documents = parseAllDocuments(indentQuoted(readFileSync(join(data, 'flagger-crds.yaml'), 'utf8')))
  return documents.map((document): unknown => document.toJS()).filter(isObject)
}

// The file has quoted texts that go on no further to the right than their key, which kubectl's reader takes and `yaml` does not.
function indentQuoted(text: string): string {
  return text.replaceAll(/^( *)(?:- )?[\w$.-]+: '(?:[^'\n]|'')*(?:\n(?:[^'\n]|'')*)*'$/gm, (whole: string, indent: string) =>
    whole.replaceAll(/\n */g, `\n${indent}    `)
  )
}

/** Replays a recording. Ids are `VERSION/case`. `only` limits it to cases of these ids. */
export async function replayRecording(target: KubectlTarget, recording: Recording, only: readonly string[] = []): Promise<SuiteResult> {
  const result = emptyResult(`kubectl ${recording.kubectl} replayed`)
  for (const recorded of recording.cases) {
    if (only.length > 0 && !only.includes(recorded.id)) continue
    const id = `${recording.kubectl}/${recorded.id}`
    const missing = missingFeature(recorded, target.kinds())
    if (missing !== undefined) {
      result.unsupported.push({ id, why: missing })
      continue
    }
    await target.fresh()
    await definitionsFor(target, recorded)
    const { differences, skipped } = await replayCase(target.server, recorded, (path) => isServed(path, target.kinds()))
    if (BUILD_CASES.has(recorded.id)) result.deliberate.push({ id, why: 'build: another git version, commit, date, platform' })
    else if (differences.length > 0) fail(result, id, differences)
    else if (skipped.length > 0) result.deliberate.push({ id, why: `served: ${skipped.join(', ')}` })
    else result.passed.push(id)
  }
  if (only.length === 0) await replayCommon(target, recording, result)
  return result
}

// Cases that show the server's build, by the README's rule of that name.
const BUILD_CASES: ReadonlySet<string> = new Set(['version', 'raw-version'])

// The server of the recordings had the CRD objects of both files. Serin has the kinds built in, and takes the objects beside them.
/** Makes the definitions that a case asks for. */
export async function definitionsFor(target: KubectlTarget, recorded: RecordedCase): Promise<void> {
  const asked = new Set(
    recorded.exchanges.flatMap((exchange) => /customresourcedefinitions\/([\w.]+)/.exec(exchange.path ?? '')?.[1] ?? [])
  )
  for (const definition of target.definitions) {
    if (!asked.has(String(dig(definition, 'metadata', 'name')))) continue
    const body = Buffer.from(JSON.stringify(definition))
    await send(target.server, { method: 'POST', path: collectionPath(definition), headers: { 'content-type': 'application/json' }, body })
  }
}

async function replayCommon(target: KubectlTarget, recording: Recording, into: OpenResult): Promise<void> {
  await target.fresh()
  for (const [name, exchange] of Object.entries(recording.common)) {
    const id = `${recording.kubectl}/common/${name}`
    if (name.startsWith('OpenAPI v2')) {
      into.deliberate.push({ id, why: 'openapi-v2: answered 404; kubectl reads v3 and goes on without v2' })
      continue
    }
    if (!isServed(exchange.path, target.kinds())) {
      into.deliberate.push({ id, why: 'served: a group version that Serin does not serve' })
      continue
    }
    const path = exchange.path.replace('<hash>', '')
    const sent = { method: exchange.method, path, headers: exchange.requestHeaders }
    const wrong = compareCommon(exchange, await send(target.server, sent), target.kinds())
    if (wrong.length === 0) into.passed.push(id)
    else fail(into, id, wrong)
  }
}

// Told from the requests themselves.
/** What a case needs that this version of Serin leaves out; undefined when there is nothing. */
export function missingFeature(recorded: RecordedCase, kinds: readonly KindSpec[]): string | undefined {
  const parts = [...(recorded.before ?? []), recorded]
  const exchanges = parts.flatMap((part) => part.exchanges)
  if (exchanges.some((exchange) => exchange.requestHeaders?.['content-type'] === 'application/apply-patch+yaml')) return 'server-side apply'
  for (const object of recorded.setup ?? []) {
    if (!isServed(collectionPath(object), kinds)) return `kind ${String(object['kind'])}`
  }
  const write = exchanges.find((exchange) => exchange.$common === undefined && exchange.method !== 'GET' && !isServed(exchange.path, kinds))
  if (write !== undefined) return `resource ${write.path.split('?')[0]}`
  const own = recorded.exchanges.filter((exchange) => exchange.$common === undefined)
  const unserved = own.find((exchange) => !isServed(exchange.path, kinds))
  return unserved !== undefined && own.every((exchange) => !isServed(exchange.path, kinds))
    ? `resource ${unserved.path.split('?')[0]}`
    : undefined
}

/** True when a path is of a kind that is served, or of none at all. */
export function isServed(path: string, kinds: readonly KindSpec[]): boolean {
  const parsed = parseApiPath(path.split('?')[0] ?? '')
  if (parsed.kind === 'resource') return servedIn(kinds, parsed.group, parsed.version).some(([spec]) => spec.plural === parsed.resource)
  if (parsed.kind === 'resources' || parsed.kind === 'openapi') return servedIn(kinds, parsed.group, parsed.version).length > 0
  if (parsed.kind === 'group') return kinds.some((spec) => spec.group === parsed.group)
  return true
}
