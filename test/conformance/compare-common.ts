// Discovery and OpenAPI documents, kept in the recordings as lists of what is in them: what Serin serves must be there alike.

import { dig, isObject } from '../../src/std/json.ts'
import type { KindSpec } from '../../src/api/kind.ts'
import { groupVersion, servedIn } from '../../src/server/discovery.ts'
import type { ActualAnswer } from './compare-answer.ts'
import type { RecordedExchange } from './recording.ts'

// The group that no other server has.
const OWN = 'serin.dev'

/** What Serin's answer has that the recorded one has not, or lacks of a kind that it serves. */
export function compareCommon(recorded: RecordedExchange, actual: ActualAnswer, kinds: readonly KindSpec[]): string[] {
  const name = String(dig(recorded.responseBody, 'document'))
  if (recorded.status !== actual.status) return [`status: expected ${recorded.status}, got ${actual.status}`]
  if (name.startsWith('aggregated')) return aggregatedDifferences(recorded, actual)
  if (name.startsWith('discovery')) return resourceDifferences(recorded, actual)
  if (name === 'OpenAPI v3 index') {
    const others = keysOf(dig(actual.body, 'paths')).filter((path) => !path.startsWith(`apis/${OWN}/`))
    return extra(others, strings(dig(recorded.responseBody, 'paths')), 'path')
  }
  if (name.startsWith('OpenAPI v3')) return openApiDifferences(recorded, actual, kinds, name.replace('OpenAPI v3 ', ''))
  return []
}

function aggregatedDifferences(recorded: RecordedExchange, actual: ActualAnswer): string[] {
  const expected = dig(recorded.responseBody, 'groupVersions')
  const wrong = recorded.responseHeaders['content-type'] === actual.contentType ? [] : [`content-type ${actual.contentType}`]
  for (const item of list(dig(actual.body, 'items'))) {
    if (dig(item, 'metadata', 'name') === OWN) continue
    for (const version of list(dig(item, 'versions'))) {
      const key = groupVersion(text(dig(item, 'metadata', 'name')), text(dig(version, 'version')))
      const known = isObject(expected) ? strings(expected[key]) : []
      const served = list(dig(version, 'resources')).flatMap((resource) => {
        const plural = String(dig(resource, 'resource'))
        return [plural, ...list(dig(resource, 'subresources')).map((one) => `${plural}/${String(dig(one, 'subresource'))}`)]
      })
      wrong.push(...extra(served, known, key), ...lacking(served, known, key))
    }
  }
  return wrong
}

function resourceDifferences(recorded: RecordedExchange, actual: ActualAnswer): string[] {
  const served = list(dig(actual.body, 'resources')).map((resource) => String(dig(resource, 'name')))
  const known = strings(dig(recorded.responseBody, 'resources'))
  return [...extra(served, known, 'resource'), ...lacking(served, known, 'resource')]
}

// Subresources not served in this version of Serin.
const LEFT_OUT = new Set([
  'namespaces/finalize',
  'pods/binding',
  'pods/ephemeralcontainers',
  'pods/eviction',
  'pods/portforward',
  'pods/proxy',
  'pods/resize',
  'serviceaccounts/token',
  'services/proxy'
])

function lacking(served: readonly string[], known: readonly string[], where: string): string[] {
  const subresources = known.filter((name) => name.includes('/') && served.includes(name.split('/')[0] ?? '') && !LEFT_OUT.has(name))
  return extra(subresources, served, `${where} lacks`)
}

function openApiDifferences(recorded: RecordedExchange, actual: ActualAnswer, kinds: readonly KindSpec[], key: string): string[] {
  const [group = '', version = ''] = key.startsWith('api/') ? ['', key.slice(4)] : key.slice(5).split('/')
  const schemas = dig(actual.body, 'components', 'schemas')
  const described = Object.values(isObject(schemas) ? schemas : {}).flatMap((schema) =>
    // the recording lists the kinds of the group itself and of the core
    list(dig(schema, 'x-kubernetes-group-version-kind')).flatMap((gvk) =>
      [group, ''].includes(text(dig(gvk, 'group'))) ? [text(dig(gvk, 'kind'))] : []
    )
  )
  // The recording names no kinds of subresources, though the real document has them.
  const named = described.filter((kind) => kind !== 'Scale')
  const served = servedIn(kinds, group, version).map(([spec]) => spec.kind)
  return [...extra(named, strings(dig(recorded.responseBody, 'kinds')), 'kind'), ...extra(served, described, 'kind without schema')]
}

function extra(names: readonly string[], known: readonly string[], what: string): string[] {
  return names.filter((name) => !known.includes(name)).map((name) => `${what}: ${name}`)
}

function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string')
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : []
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
