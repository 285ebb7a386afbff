// What the API says when a published document is created as kubectl does it: strictly, each in a namespace that is there.

import { KINDS, rulesFor } from '../../src/cli/kinds.ts'
import { seeded } from '../../src/std/draw.ts'
import { dig } from '../../src/std/json.ts'
import { Store } from '../../src/store/store.ts'
import { START } from '../rollout-world.ts'

/** `created`, `refused: why` or `not served`; with what is warned of. */
export function apiAnswer(value: Readonly<Record<string, unknown>>): string {
  const { apiVersion, kind: named } = value
  if (typeof apiVersion !== 'string' || typeof named !== 'string') return 'no object of the API'
  const [group, version] = groupOf(apiVersion)
  const spec = KINDS.find(
    (kind) => kind.group === group && kind.kind === named && kind.versions.some(({ name, served }) => served && name === version)
  )
  if (spec === undefined) return `not served: no matches for kind "${named}" in version "${apiVersion}"`
  const store = new Store({ kinds: KINDS, rules: rulesFor('127.96') })
  const at = { now: START, draw: seeded(1) }
  const space = dig(value, 'metadata', 'namespace')
  const namespace = typeof space === 'string' ? space : 'default'
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  store.apply({ verb: 'create', target: { resource: { group: '', version: 'v1', resource: 'namespaces' } }, body, options: {} }, at)
  const resource = { group, version, resource: spec.plural }
  const target = { resource, ...(spec.scope === 'Cluster' ? {} : { namespace }) }
  const { answer } = store.apply({ verb: 'create', target, body: value, options: { fieldValidation: 'Strict' } }, at)
  if (answer.kind === 'failure') return `refused: ${answer.status.message}`
  const warnings = 'warnings' in answer ? answer.warnings : []
  return ['created', ...warnings.map((warning) => `Warning: ${warning}`)].join('; ')
}

function groupOf(apiVersion: string): readonly [string, string] {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
}
