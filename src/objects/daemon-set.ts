// DaemonSets as a rollout sees them. They have no count of pods: one that is to have none gets a node selector that no node satisfies
// (flagger.md 2.4), which is no part of its revision and never reaches the primary.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import type { Readiness, ReadinessTerms } from './readiness.ts'
import { refreshMark } from './refresh-mark.ts'
import type { Scale } from './target-kind.ts'
import { copiedLabels, primaryMetadata, primarySelector, type PrimarySource, primaryTemplate, settingsOf } from './render-deployment.ts'
import { addEntries, patchOf, RESOURCES, setAt, type Write } from './write.ts'

/** The node selector of a DaemonSet without pods: Flagger's. */
export const NOWHERE = { key: 'flagger.app/scale-to-zero', value: 'true' } as const

const NODE_SELECTOR = ['spec', 'template', 'spec', 'nodeSelector'] as const
const COPIED = ['minReadySeconds', 'revisionHistoryLimit', 'updateStrategy'] as const

/** True when the DaemonSet was told to have no pods. */
export function isNowhere(daemonSet: KubeObject | undefined): boolean {
  return dig(daemonSet, ...NODE_SELECTOR, NOWHERE.key) !== undefined
}

/** True when no pod of it is left either. */
export function isDeserted(daemonSet: KubeObject | undefined): boolean {
  const status = daemonSet?.['status']
  const count = (key: string): number => Number(dig(status, key) ?? 0)
  const seen = count('observedGeneration') >= (daemonSet?.metadata.generation ?? 0)
  return seen && isNowhere(daemonSet) && count('currentNumberScheduled') + count('numberMisscheduled') === 0
}

/** The pod template as its author wrote it. */
export function templateOf(daemonSet: KubeObject): unknown {
  const template = dig(daemonSet, 'spec', 'template')
  const spec = dig(template, 'spec')
  const selector = dig(spec, 'nodeSelector')
  if (!isObject(template) || !isObject(spec) || !isObject(selector)) return template
  const { [NOWHERE.key]: _, ...others } = selector
  const { nodeSelector: _selector, ...rest } = spec
  return { ...template, spec: Object.keys(others).length === 0 ? rest : { ...rest, nodeSelector: others } }
}

/** Sends the pods away, or has them back. */
export function scaleDaemonSet(daemonSet: KubeObject, _size: number, to: Scale): readonly Write[] {
  if (to === 'keep') return []
  const operations =
    to === 'target'
      ? setAt(daemonSet, [...NODE_SELECTOR, NOWHERE.key], undefined)
      : addEntries(daemonSet, NODE_SELECTOR, { [NOWHERE.key]: NOWHERE.value })
  return patchOf(RESOURCES.daemonSets, daemonSet, [...operations, ...refreshMark(daemonSet, to)])
}

/** The primary as it is created. */
export function primaryDaemonSet(source: PrimarySource): KubeObject {
  const awake = awakened(source)
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: primaryMetadata(source),
    spec: { ...settingsOf(awake.target, COPIED), selector: primarySelector(source), template: primaryTemplate(awake) }
  }
}

/** The patch that copies the target's template and settings to the primary; its own metadata and labels stay. */
export function copyToDaemonSet(source: PrimarySource, primary: KubeObject): readonly Write[] {
  const awake = awakened(source)
  const settings = Object.entries(settingsOf(awake.target, COPIED))
  return patchOf(RESOURCES.daemonSets, primary, [
    ...settings.flatMap(([key, value]) => setAt(primary, ['spec', key], value)),
    ...setAt(primary, ['spec', 'template'], primaryTemplate(awake)),
    ...copiedLabels(source, primary)
  ])
}

/** Why this DaemonSet would never roll out a change. */
export function strategyFault(daemonSet: KubeObject): string | undefined {
  const strategy = dig(daemonSet, 'spec', 'updateStrategy', 'type')
  if (typeof strategy !== 'string' || strategy === '' || strategy === 'RollingUpdate') return undefined
  return `spec.updateStrategy.type must be RollingUpdate, not ${strategy}`
}

/** Judges a DaemonSet (flagger.md 2.5). It has no conditions: the deadline counts from the Canary's last transition. */
export function daemonSetReadiness(daemonSet: KubeObject, terms: ReadinessTerms): Readiness {
  const status = daemonSet['status']
  const count = (key: string): number => Number(dig(status, key) ?? 0)
  const pods = isNowhere(daemonSet) ? 0 : count('numberAvailable')
  const waiting = (because: string): Readiness => ({ kind: 'waiting', because: `waiting for rollout to finish: ${because}`, pods })
  if (count('observedGeneration') < (daemonSet.metadata.generation ?? 0)) {
    return waiting('observed daemonset generation less than desired generation')
  }
  const [wanted, updated, available] = [count('desiredNumberScheduled'), count('updatedNumberScheduled'), count('numberAvailable')]
  const done = updated >= wanted
  if (done && available >= Math.floor((wanted * terms.threshold) / 100)) return { kind: 'ready', because: '', pods }
  if (terms.now - terms.since > terms.deadline) {
    const because = `daemonset ${daemonSet.metadata.name ?? ''} exceeded its progress deadline`
    return { kind: 'stuck', because, pods }
  }
  return done
    ? waiting(`${available} of ${wanted} (readyThreshold ${terms.threshold}%) updated pods are available`)
    : waiting(`${updated} out of ${wanted} new pods have been updated`)
}

function awakened(source: PrimarySource): PrimarySource {
  const { target } = source
  const spec = dig(target, 'spec')
  return { ...source, target: { ...target, spec: { ...(isObject(spec) ? spec : {}), template: templateOf(target) } } }
}
