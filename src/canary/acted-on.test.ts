import { expect, test } from 'vitest'
import { canaryOf, clusterOf, progressing, REVISION } from '../../test/rollout-objects.ts'
import { type Leaf, leavesOf, nameOf, pathOf, pathsOf, treatmentOf, withValue } from '../../test/schema-leaves.ts'
import { ACTED, unactedFields } from '../api/acted-on.ts'
import { canarySpec } from '../api/flagger-canary.ts'
import { isObject } from '../std/json.ts'
import { alertEntries } from '../rollout/alerts.ts'
import { ACTED_ON } from './acted-on.ts'
import { noticesOf } from './notices.ts'
import { planOf } from './plan.ts'
import { render } from '../rollout/render.ts'
import { findingOf } from '../rollout/situation.ts'
import { routingOf } from '../rollout/stages.ts'
import { held } from '../rollout/tick.ts'

const LEAVES = leavesOf(canarySpec)
const GIVEN = canaryOf({ webhooks: [{ name: 'load', url: 'http://load/' }] })['spec']

/** What a field is put into where the plain Canary has its opposite; first prefix that fits. */
const BASES: readonly (readonly [string, unknown])[] = [
  ['analysis.metrics.template', withValue(GIVEN, ['analysis', 'metrics', 0, 'templateRef', 'name'], 'given')],
  ['analysis.stepWeights', withValue(GIVEN, ['analysis', 'stepWeight'], undefined)],
  ['analysis.metrics.threshold', withValue(GIVEN, ['analysis', 'metrics', 0, 'thresholdRange'], undefined)],
  ['analysis.match', withValue(withValue(GIVEN, ['analysis', 'stepWeight'], undefined), ['analysis', 'iterations'], 3)],
  ['analysis.mirrorWeight', withValue(GIVEN, ['analysis', 'mirror'], true)],
  ['analysis.sessionAffinity.', withValue(GIVEN, ['analysis', 'sessionAffinity', 'cookieName'], 'v')],
  ['service.portDiscovery', withValue(GIVEN, ['service', 'gateways'], ['g'])],
  ['service.unmanagedMetadata', withValue(GIVEN, ['service', 'apex'], { labels: { probe: 'ours' }, annotations: { probe: 'ours' } })]
]

/** Values where one of the right type does not say enough. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'analysis.metrics.name': ['request-duration', 'probe'],
  'analysis.stepWeights': [30],
  'analysis.stepWeight': [30],
  'analysis.maxWeight': [90],
  'service.appProtocol': ['http2', 'tcp']
}

/** Values that mean the same as leaving the field out. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  provider: ['istio'],
  'targetRef.kind': ['Deployment'],
  'analysis.webhooks.type': ['', 'rollout'],
  'analysis.alerts.severity': ['', 'info']
}

function valuesOf(leaf: Leaf): readonly unknown[] {
  const { enum: words, type, pattern } = leaf.schema
  const values = VALUES[nameOf(leaf)] ?? words ?? (type === 'boolean' ? [true] : type === 'number' || type === 'integer' ? [7] : undefined)
  return (values ?? [pattern === '^[0-9]+(m|s)' ? '77s' : 'probe']).filter((value) => DEFAULTS[nameOf(leaf)]?.includes(value) !== true)
}

/** All that a rollout makes of a Canary: its plan, the writes that begin it, and those that bring live objects there. */
function outcome(spec: unknown): string {
  const canary = { ...canaryOf(), spec }
  const plan = planOf(canary)
  const cluster = clusterOf({ primary: undefined })
  const cookies = { canary: 'v=a', primary: 'p=b' }
  const [state, tick] = [
    { ...progressing(20), cookies },
    { canary, cluster, questions: [], answers: [] }
  ]
  const dueAt = 0
  const finding = { ...findingOf(canary, state, cluster), plan, state, revision: REVISION, dueAt }
  const step = { ...held({ ...tick, finding }, [], 'none'), routing: routingOf(plan, state) }
  const created = render(canary, step, cluster)
  const service = created.find(
    (write) => write.verb === 'create' && write.object.metadata.name === 'api' && write.object.kind === 'Service'
  )
  const live = service?.verb === 'create' ? service.object : undefined
  const foreign =
    live === undefined ? live : { ...live, metadata: { ...live.metadata, labels: { probe: 'x' }, annotations: { probe: 'x' } } }
  return JSON.stringify([plan, alertEntries(canary), step, created, render(canary, step, { ...cluster, apexService: foreign })])
}

function probe(leaf: Leaf, value: unknown): 'acted on' | 'named' | 'ignored' {
  const [, base] = BASES.find(([prefix]) => nameOf(leaf).startsWith(prefix)) ?? ['', GIVEN]
  const spec = withValue(base, leaf.steps, value)
  const path = pathOf(leaf.steps)
  if (noticesOf({ ...canaryOf(), spec }).some((notice) => path.startsWith(notice.path))) return 'named'
  return outcome(spec) === outcome(base) ? 'ignored' : 'acted on'
}

test('every field of a Canary that is not named changes what a rollout does, or says why there is nothing to do', () => {
  const ignored: string[] = []
  for (const leaf of LEAVES) {
    const treatment = treatmentOf(ACTED_ON.Canary, leaf.steps)
    const idle = isObject(treatment) && 'idle' in treatment
    for (const value of valuesOf(leaf)) {
      const found = probe(leaf, value)
      if (found === 'ignored' && !idle) ignored.push(`${nameOf(leaf)} = ${JSON.stringify(value)}`)
    }
  }
  expect(LEAVES.length).toBeGreaterThan(150)
  expect(ignored).toEqual([])
})

test('what the table says is acted on is not named, and what it leaves out is', () => {
  const wrong: string[] = []
  for (const leaf of LEAVES) {
    const treatment = treatmentOf(ACTED_ON.Canary, leaf.steps)
    const [value] = valuesOf(leaf)
    const named = unactedFields(ACTED_ON.Canary, withValue({}, leaf.steps, value), 'spec').length > 0
    if (treatment === undefined && !named) wrong.push(`${nameOf(leaf)} is not named`)
    if (treatment === ACTED && named) wrong.push(`${nameOf(leaf)} is named`)
  }
  expect(wrong).toEqual([])
})

test('the table has no field that the schema does not have', () => {
  const names = LEAVES.map(nameOf)
  expect(pathsOf(ACTED_ON.Canary).filter((path) => !names.some((name) => name === path || name.startsWith(`${path}.`)))).toEqual([])
})
