// What becomes of a published Canary: a Deployment is put under it, and one release goes through, with webhooks that say yes and metrics
// that are good. What a document leaves out for the sake of brevity is filled in, and named.

import type { KubeObject } from '../../src/api/object.ts'
import { liveRouting } from '../../src/objects/virtual-service.ts'
import { planOf } from '../../src/canary/plan.ts'
import { RESOURCES } from '../../src/objects/write.ts'
import { dig, isObject } from '../../src/std/json.ts'
import { deploymentOf } from '../rollout-objects.ts'
import { World } from '../rollout-world.ts'

const LONGEST_MINUTES = 240

/** The story of a release, or why there is none; `others`: what else was published beside it. */
export async function rolloutAnswer(value: Readonly<Record<string, unknown>>, others: readonly unknown[]): Promise<readonly string[]> {
  const { canary, added } = completed(value)
  const { name = '', namespace = '' } = canary.metadata
  const world = new World()
  const told = groundOf(world, canary, others)
  // All other gates say yes; this one asks whether to give up.
  const hooks = planOf(canary).hooks.filter(({ type }) => type === 'rollback')
  for (const { url } of hooks) world.answers[url.split('/').at(-1) ?? ''] = { kind: 'answered', status: 403, body: '' }
  const asked = new Set<string>()
  world.answerQuery = ({ provider, query }) => {
    asked.add(`asks ${provider.spec.type}: ${query.replaceAll(/\s+/g, ' ').trim()}`)
    return { kind: 'value', value: query === 'vector(1)' ? 1 : goodFor(canary) }
  }
  world.start()
  const phase = (): unknown => dig(world.get(RESOURCES.canaries, namespace, name), 'status', 'phase')
  const image = { name: 'app', image: `${name}:2` }
  const begun = await until(world, () => phase() === 'Initialized', 2)
  if (begun) {
    world.patch(RESOURCES.deployments, namespace, planOf(canary).target, { spec: { template: { spec: { containers: [image] } } } })
    await until(world, () => phase() === 'Succeeded' || phase() === 'Failed', LONGEST_MINUTES)
  }
  const minutes = Math.round(world.t / 6) / 10
  await world.stop()
  const warnings = world.told
    .filter(({ type, message }) => type === 'Warning' && !message.includes(' not ready: '))
    .map(({ message }) => `Warning: ${message}`)
  const end = begun ? `rollout: ${String(phase())} after ${minutes} min, traffic ${stagesOf(world, canary)}` : 'rollout: never begins'
  return [...(added.length === 0 ? [] : [`with ${added.join(', ')}`]), ...told, ...new Set(warnings), ...asked, end]
}

async function until(world: World, holds: () => boolean, minutes: number): Promise<boolean> {
  for (let left = minutes * 60; left > 0 && !holds(); left--) await world.clock.advance(1000)
  return holds()
}

interface Completed {
  readonly canary: KubeObject
  readonly added: readonly string[]
}

function completed(value: Readonly<Record<string, unknown>>): Completed {
  const given = dig(value, 'metadata', 'name')
  const name = typeof given === 'string' ? given : 'app'
  const space = dig(value, 'metadata', 'namespace')
  const spec = isObject(value['spec']) ? value['spec'] : {}
  const standard = {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    analysis: { interval: '1m', threshold: 5, stepWeight: 50 }
  }
  const port = dig(spec, 'service', 'port') === undefined
  const added = [
    ...(given === undefined ? ['a name'] : []),
    ...Object.keys(standard).filter((field) => spec[field] === undefined),
    ...(port ? ['service.port'] : [])
  ]
  const service = { ...(port ? { port: 80 } : {}), ...Object(spec['service']) }
  const canary: KubeObject = {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { ...Object(value['metadata']), name, namespace: typeof space === 'string' ? space : 'default' },
    spec: { ...standard, ...spec, service }
  }
  return { canary, added }
}

// What the Canary refers to: as it was published, else of our own making.
function groundOf(world: World, canary: KubeObject, others: readonly unknown[]): readonly string[] {
  const { namespace = '' } = canary.metadata
  const spaces = new Set<string>([namespace])
  const references = referencesOf(canary)
  for (const each of references) spaces.add(each.namespace)
  for (const name of spaces) world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const { target } = planOf(canary)
  const deployment = deploymentOf(`${target}:1`, target)
  world.create({ ...deployment, metadata: { ...deployment.metadata, namespace } })
  const told = references.flatMap(({ kind, name, namespace: space }) => {
    const published = others.find((other) => dig(other, 'kind') === kind && dig(other, 'metadata', 'name') === name)
    const metadata = { ...Object(dig(published, 'metadata')), name, namespace: space }
    const spec = isObject(published) ? published['spec'] : standIn(kind)
    world.create({ apiVersion: apiVersionOf(kind), kind, metadata, spec })
    return published === undefined ? [`with a ${kind} ${space}/${name}`] : []
  })
  world.create(canary)
  return told
}

interface Reference {
  readonly kind: string
  readonly name: string
  readonly namespace: string
}

function referencesOf(canary: KubeObject): readonly Reference[] {
  const { namespace = '' } = canary.metadata
  const listed = (field: string, ref: string, kind: string): readonly Reference[] => {
    const list = dig(canary, 'spec', 'analysis', field)
    return (Array.isArray(list) ? list : []).flatMap((item) => {
      const name = dig(item, ref, 'name')
      const space = dig(item, ref, 'namespace')
      return typeof name === 'string' ? [{ kind, name, namespace: typeof space === 'string' ? space : namespace }] : []
    })
  }
  const scaler = dig(canary, 'spec', 'autoscalerRef')
  const kind = dig(scaler, 'kind')
  return [
    ...(isObject(scaler) ? [{ kind: String(kind), name: String(scaler['name']), namespace }] : []),
    ...listed('metrics', 'templateRef', 'MetricTemplate'),
    ...listed('alerts', 'providerRef', 'AlertProvider')
  ]
}

function apiVersionOf(kind: string): string {
  if (kind === 'HorizontalPodAutoscaler') return 'autoscaling/v2'
  return kind === 'ScaledObject' ? 'keda.sh/v1alpha1' : 'flagger.app/v1beta1'
}

function standIn(kind: string): unknown {
  if (kind === 'MetricTemplate') return { provider: { type: 'prometheus', address: 'http://prometheus:9090' }, query: 'up' }
  return kind === 'AlertProvider' ? { type: 'slack' } : { maxReplicas: 2 }
}

// A value that is in the range of every check that has one of its own.
function goodFor(canary: KubeObject): number {
  const metrics = dig(canary, 'spec', 'analysis', 'metrics')
  const ranges = (Array.isArray(metrics) ? metrics : []).filter((metric) => dig(metric, 'name') !== 'request-success-rate')
  const least = ranges.map((metric) => Number(dig(metric, 'thresholdRange', 'min') ?? 0))
  return Math.max(0, ...least)
}

// The canary's share, as it was written: `0 10 20 0`; copies are marked.
function stagesOf(world: World, canary: KubeObject): string {
  const { apex } = planOf(canary)
  const seen = world.writes.flatMap(({ change }) => {
    const routing =
      change.resource === 'virtualservices' ? (liveRouting(change.object, apex) ?? liveRouting(change.object, apex, 'tcp')) : undefined
    return routing === undefined ? [] : [`${routing.canary}${routing.mirrored ? '+copies' : ''}`]
  })
  return seen.length === 0 ? 'with the primary' : seen.filter((each, index) => each !== seen[index - 1]).join(' ')
}
