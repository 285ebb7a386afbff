// A Canary `api` in namespace `test`, its Deployments, and what a tick sees of them: the ground of rollout's tests, each of which changes
// what it is about.

import type { KubeObject } from '../src/api/object.ts'
import type { Answer, Question } from '../src/rollout/ask.ts'
import type { ConfigView } from '../src/objects/configs.ts'
import type { ClusterView } from '../src/objects/cluster-view.ts'
import { NO_REQUESTS } from '../src/rollout/requests.ts'
import { planOf } from '../src/canary/plan.ts'
import { revisionOf } from '../src/objects/revision.ts'
import type { Situation } from '../src/rollout/situation.ts'
import type { RolloutState, Progress, Standing } from '../src/rollout/state.ts'
import type { Tick } from '../src/rollout/tick.ts'

/** A Canary in steps of 20 up to 40, with the success rate as its check, and these fields of `spec.analysis` and `spec` on top. */
export function canaryOf(analysis: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'api', namespace: 'test', uid: 'u' },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      service: { port: 80 },
      ...spec,
      analysis: {
        interval: '10s',
        threshold: 2,
        stepWeight: 20,
        maxWeight: 40,
        metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 } }],
        ...analysis
      }
    }
  }
}

/** A webhook that answers at `http://hooks/<type>`. */
export function hookOf(type: string): { readonly name: string; readonly type: string; readonly url: string } {
  return { name: type, type, url: `http://hooks/${type}` }
}

/** A Deployment of two pods, without a status. */
export function deploymentOf(image: string, name = 'api', change: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'test', generation: 1, labels: { app: 'api' } },
    spec: { replicas: 2, selector: { matchLabels: { app: 'api' } }, template: templateOf(image), ...change }
  }
}

/** A ConfigMap in namespace `test`. */
export function configMapOf(name: string, data: Record<string, string> | undefined, annotations?: Record<string, string>): KubeObject {
  const metadata = { name, namespace: 'test', ...(annotations === undefined ? {} : { annotations }) }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(data === undefined ? {} : { data }) }
}

/** A Secret in namespace `test`; its data are base64. */
export function secretOf(name: string, data: Record<string, string>, type: string | undefined = 'Opaque'): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'test' }, ...(type === undefined ? {} : { type }), data }
}

/** What a tick sees of an object that pods need, and of its copy. */
export function configViewOf(object: KubeObject, copy?: KubeObject): ConfigView {
  const kind = object.kind === 'Secret' ? 'secret' : 'configmap'
  return { kind, name: object.metadata.name ?? '', optional: false, object, copy }
}

/** A pod spec of the image, that reads these ConfigMaps and Secrets by volumes. */
export function readingSpec(image: string, refs: { readonly configMaps?: readonly string[]; readonly secrets?: readonly string[] }) {
  const volumes = [
    ...(refs.configMaps ?? []).map((name) => ({ name, configMap: { name } })),
    ...(refs.secrets ?? []).map((name) => ({ name: `${name}-secret`, secret: { secretName: name } }))
  ]
  return { volumes, containers: [{ name: 'api', image }] }
}

function templateOf(image: string): { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: unknown } {
  return { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'api', image }] } }
}

/** The status of a Deployment whose pods are all there. */
export const READY = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }

/** The pod template of the target in `clusterOf`, and its hash. */
export const TEMPLATE = templateOf('api:2')
export const REVISION: string = revisionOf(TEMPLATE)

/** A cluster with target and primary ready, nothing else, at 100 s. */
export function clusterOf(change: Partial<ClusterView> = {}): ClusterView & { readonly target: KubeObject; readonly primary: KubeObject } {
  const ready = (name: string): KubeObject => ({ ...deploymentOf('api:2', name), status: READY })
  return {
    now: 100_000,
    lookedAt: undefined,
    rival: undefined,
    target: ready('api'),
    primary: ready('api-primary'),
    apexService: undefined,
    canaryService: undefined,
    primaryService: undefined,
    canaryRule: undefined,
    primaryRule: undefined,
    virtualService: undefined,
    ...change
  } as ClusterView & { readonly target: KubeObject; readonly primary: KubeObject } // but for what the test takes away
}

/** The revision of the target under analysis. */
export function progressing(weight: number, failedChecks = 0): Standing & Progress & { readonly phase: 'progressing' } {
  return { phase: 'progressing', since: 0, applied: REVISION, promoted: 's1-old', failedChecks, weight, iterations: 0 }
}

/** A tick at 50 s that found `situation` in an analysis at 20 % of revision `a`, while the target has `c`. */
export function tickOf(situation: Situation, questions: readonly Question[] = [], answers: readonly Answer[] = []): Tick {
  const canary = canaryOf()
  const state: RolloutState = { phase: 'progressing', since: 0, applied: 'a', promoted: 'b', failedChecks: 0, weight: 20, iterations: 0 }
  return {
    canary,
    cluster: { ...clusterOf({ target: undefined, primary: undefined }), now: 50_000 },
    finding: { plan: planOf(canary), state, revision: 'c', dueAt: 0, situation, heeded: NO_REQUESTS },
    questions,
    answers
  }
}
