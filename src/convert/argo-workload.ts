// The Deployment that a Rollout stands for: the one it refers to, or its own template as one.

import type { KubeObject } from '../api/object.ts'
import { isObject } from '../std/json.ts'
import type { Input } from './argo-input.ts'
import type { Notes, Source } from './note.ts'
import { compact, mapAt, textAt } from './read.ts'

/** What the Canary is about; `made` is undefined where a Deployment is there already. */
export interface Workload {
  readonly name: string
  readonly template: unknown
  readonly made: KubeObject | undefined
}

const SELECTORS = ['app', 'name', 'app.kubernetes.io/name']

/** The Deployment of a Rollout. */
export function workloadOf(rollout: Source, input: Input, notes: Notes): Workload {
  const { object } = rollout
  const reference = mapAt(object, 'spec', 'workloadRef')
  return reference === undefined ? ownWorkload(rollout, notes) : referredWorkload(rollout, reference, input, notes)
}

function referredWorkload(rollout: Source, reference: Readonly<Record<string, unknown>>, input: Input, notes: Notes): Workload {
  const { metadata } = rollout.object
  const [kind, name] = [textAt(reference, 'kind') ?? '', textAt(reference, 'name') ?? '']
  if (kind !== 'Deployment') notes.error(rollout, 'spec.workloadRef.kind', `a Canary is for a Deployment, not for a ${kind}`)
  const found = input.find(kind, name, metadata.namespace)
  if (found === undefined)
    notes.warn(rollout, 'spec.workloadRef', `${kind} ${name} is not among the files: its labels and ports are not checked`)
  else checkSelector(found, notes)
  if (textAt(reference, 'scaleDown') !== undefined) {
    notes.warn(
      rollout,
      'spec.workloadRef.scaleDown',
      'Argo may have scaled the Deployment down: give it its replicas back before the Canary is applied'
    )
  }
  return { name, template: mapAt(found?.object, 'spec', 'template'), made: undefined }
}

function ownWorkload(rollout: Source, notes: Notes): Workload {
  const { metadata, spec } = rollout.object
  const name = metadata.name ?? ''
  checkSelector(rollout, notes)
  const strategy = mapAt(spec, 'strategy', 'canary') ?? {}
  const rollingUpdate = compact({ maxSurge: strategy['maxSurge'], maxUnavailable: strategy['maxUnavailable'] })
  const kept = isObject(spec) ? spec : {}
  const made: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(rollout),
    spec: compact({
      replicas: kept['replicas'],
      revisionHistoryLimit: kept['revisionHistoryLimit'],
      minReadySeconds: kept['minReadySeconds'],
      progressDeadlineSeconds: kept['progressDeadlineSeconds'],
      strategy: Object.keys(rollingUpdate).length === 0 ? undefined : { type: 'RollingUpdate', rollingUpdate },
      selector: kept['selector'],
      template: kept['template']
    })
  }
  if (mapAt(spec, 'template') === undefined) notes.error(rollout, 'spec.template', 'there is neither a template nor a workloadRef')
  return { name, template: kept['template'], made }
}

// What others noted down about the Rollout does not go over.
const FOREIGN = /^(kubectl\.kubernetes\.io|rollout\.argoproj\.io|notifications\.argoproj\.io)\//

function metadataOf({ object: { metadata } }: Source): KubeObject['metadata'] {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !FOREIGN.test(key))
  return {
    name: metadata.name ?? '',
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    ...(metadata.labels !== undefined && { labels: metadata.labels }),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) })
  }
}

function checkSelector(source: Source, notes: Notes): void {
  const labels = mapAt(source.object, 'spec', 'selector', 'matchLabels') ?? {}
  if (SELECTORS.some((key) => typeof labels[key] === 'string')) return
  notes.error(
    source,
    'spec.selector.matchLabels',
    `must have one of the labels ${SELECTORS.join(', ')}: primary and canary are told apart by it`
  )
}
