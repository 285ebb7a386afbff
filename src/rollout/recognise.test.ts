import { expect, test } from 'vitest'
import { canaryOf, clusterOf, configMapOf, configViewOf, deploymentOf, READY, readingSpec } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { recognise, revisionIn } from './recognise.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { planOf } from '../canary/plan.ts'
import { promotionMark, revisionOf, templateIn, withConfigs } from '../objects/revision.ts'
import type { RolloutState, Standing } from './state.ts'

const plan = planOf(canaryOf())
const BLUE = { 'configmap/colours': 'f234cb93c08ad64e' }
const TEMPLATE = { spec: readingSpec('api:2', { configMaps: ['colours'] }) }
const T = revisionOf(TEMPLATE)

interface Around {
  readonly mark?: string
  /** The colour of the original and of the copy. */
  readonly colours?: readonly [now: string, copied: string | undefined]
  /** What the primary's pods read. */
  readonly reads?: string
}

/** A target that reads a ConfigMap, and a primary. */
function around({ mark = 'of Flagger', colours: [now, copied] = ['blue', 'blue'], reads = 'colours-primary' }: Around = {}): ClusterView {
  const primary = { metadata: { annotations: { 'flagger-id': mark } }, spec: readingSpec('api:2', { configMaps: [reads] }) }
  const ready = (deployment: KubeObject): KubeObject => ({ ...deployment, status: READY })
  const copy = copied === undefined ? undefined : configMapOf('colours-primary', { color: copied })
  return clusterOf({
    target: ready(deploymentOf('api:2', 'api', { template: TEMPLATE })),
    primary: ready(deploymentOf('api:2', 'api-primary', { template: primary })),
    configs: [configViewOf(configMapOf('colours', { color: now }), copy)]
  })
}

const at = (applied: string, promoted: string): Standing => ({ since: 0, applied, promoted, failedChecks: 0 })
const failed = (applied: string, promoted: string): RolloutState => ({ ...at(applied, promoted), phase: 'failed', weight: 0, because: '' })
const promotedIn = (state: RolloutState): string => ('promoted' in state ? state.promoted : '')

test('the revision is the template and the checksums; the template alone where nothing is tracked', () => {
  expect(revisionIn(plan, around())).toBe(withConfigs(T, BLUE))
  expect(revisionIn(plan, { ...around(), configs: undefined })).toBe(T)
  expect(revisionIn(plan, clusterOf({ target: undefined }))).toBe('')
})

test('at rest the primary runs what was applied last', () => {
  const resting: RolloutState = { ...at(withConfigs(T, BLUE), T), phase: 'succeeded' }
  const { state, revision } = recognise(resting, plan, around({ colours: ['green', 'blue'] }))
  expect(state).toMatchObject({ applied: withConfigs(T, BLUE), promoted: withConfigs(T, BLUE) })
  expect(revision).not.toBe(withConfigs(T, BLUE))
})

test("Flagger's status is taken over with its checksums: a config that changed meanwhile is a new revision, a template is not", () => {
  const theirs: RolloutState = { ...at(withConfigs('5678f5d574', BLUE), '5678f5d574'), phase: 'succeeded' }
  expect(recognise(theirs, plan, around()).state).toMatchObject({ applied: withConfigs(T, BLUE), promoted: withConfigs(T, BLUE) })
  const { state, revision } = recognise(theirs, plan, around({ colours: ['green', 'blue'] }))
  expect(state).toMatchObject({ applied: withConfigs(T, BLUE) })
  expect(revision).not.toBe(withConfigs(T, BLUE))
})

test('tracking that begins later takes what is there as its baseline; tracking that ends forgets it', () => {
  const untracked: RolloutState = { ...at(T, T), phase: 'succeeded' }
  expect(recognise(untracked, plan, around({ reads: 'colours' })).state).toMatchObject({ applied: withConfigs(T, BLUE) })
  const tracked: RolloutState = { ...at(withConfigs(T, BLUE), T), phase: 'succeeded' }
  expect(recognise(tracked, plan, { ...around(), configs: undefined }).state).toMatchObject({ applied: T, promoted: T })
})

test.each<readonly [string, Around, boolean]>([
  ['with our mark', { mark: promotionMark('u', withConfigs(T, BLUE)), colours: ['blue', 'green'] }, true],
  ['of Flagger, whose copies are as the originals', {}, true],
  ['of Flagger, whose copies are not', { colours: ['blue', 'green'] }, false],
  ['of Flagger, without copies', { colours: ['blue', undefined] }, false],
  ['that reads the originals', { reads: 'colours' }, false],
  ['that a promotion of the other revision has written', { mark: promotionMark('u', withConfigs('s1-other', BLUE)) }, false]
])('after a failed run, a primary %s runs the promoted template or not', (_, given, runs) => {
  const { state, revision } = recognise(failed(withConfigs('s1-other', BLUE), T), plan, around(given))
  expect(promotedIn(state) === revision).toBe(runs)
  expect(templateIn(promotedIn(state))).toBe(T)
})

test('a missing object counts as it was applied', () => {
  const cluster = { ...around(), configs: [{ ...configViewOf(configMapOf('colours', {})), object: undefined }] }
  expect(recognise(failed(withConfigs(T, BLUE), 's1-old'), plan, cluster).revision).toBe(withConfigs(T, BLUE))
})
