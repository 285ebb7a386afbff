import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { seeded, type Draw } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { isObject } from '../std/json.ts'
import { reconcileDeployment } from './deployment.ts'
import { isActive, isReady } from './meta.ts'
import type { Deployment, DeploymentCondition, ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import type { PodStatus } from '../api/builtin-types-pod-status.ts'
import { reconcileReplicaSet } from './replica-set.ts'
import { REVISION } from './revisions.ts'
import { boundsOf } from './rolling-update.ts'
import type { Write, WorkloadEvent } from './write.ts'

type Spec = Deployment['spec']
const labels = { app: 'web' }
const template = (image: string): Spec['template'] => ({ metadata: { labels }, spec: { containers: [{ name: 'web', image }] } })
const deploymentOf = (spec: Partial<Spec> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'test', uid: 'd', generation: 1 },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: template('web:1'), ...spec }
})

function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {}
  for (const [key, each] of Object.entries(patch)) {
    if (each === null) delete result[key]
    else result[key] = mergePatch(result[key], each)
  }
  return result
}

// Objects, the two controllers and a kubelet whose pods' fates are drawn: the state of the world is judged, never the calls.
class World {
  now = 1_000_000_000_000
  deployment: Deployment
  replicaSets = new Map<string, ReplicaSet>()
  pods = new Map<string, Pod>()
  events: WorkloadEvent[] = []
  readonly draw: Draw
  // Images whose pods never get ready.
  readonly bad = new Set<string>()
  #serial = 0

  constructor(deployment: Deployment, seed: number) {
    this.deployment = deployment
    this.draw = seeded(seed)
  }

  change(spec: Partial<Spec>): void {
    const { metadata } = this.deployment
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: { ...this.deployment.spec, ...spec }
    }
  }

  lookAtDeployment(): boolean {
    const view = { deployment: this.deployment, replicaSets: [...this.replicaSets.values()], pods: [...this.pods.values()], now: this.now }
    const { writes, events } = reconcileDeployment(view)
    this.events.push(...events)
    return this.apply(writes)
  }

  // One ReplicaSet that has something to do, drawn.
  lookAtReplicaSets(): boolean {
    const sets = [...this.replicaSets.values()]
    const first = Math.floor(this.draw() * sets.length)
    return [...sets.slice(first), ...sets.slice(0, first)].some((replicaSet) => {
      const { writes } = reconcileReplicaSet({
        replicaSet,
        pods: [...this.pods.values()],
        services: [],
        slices: [],
        now: this.now,
        draw: this.draw
      })
      return this.apply(writes)
    })
  }

  // One pod moves: starts, gets ready, or goes. False when none can.
  lookAtPods(): boolean {
    const movable = [...this.pods.values()].filter(
      (pod) => pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName === undefined || (!isReady(pod) && !this.isBad(pod))
    )
    const pod = movable[Math.floor(this.draw() * movable.length)]
    if (pod === undefined) return false
    const name = pod.metadata.name ?? ''
    if (pod.metadata.deletionTimestamp !== undefined) return this.pods.delete(name)
    const status: PodStatus =
      pod.spec.nodeName === undefined
        ? { phase: 'Running' }
        : { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatInstant(this.now) }] }
    this.pods.set(name, { ...pod, spec: { ...pod.spec, nodeName: 'node' }, status })
    return true
  }

  isBad(pod: Pod): boolean {
    return this.bad.has(pod.spec.containers[0]?.image ?? '')
  }

  apply(writes: readonly Write[]): boolean {
    for (const write of writes) {
      if (write.kind === 'create') this.create(write.object)
      if (write.kind === 'delete') this.remove(write.target.resource, write.target.name)
      if (write.kind === 'patch') this.patch(write.target, write.body)
      if (write.kind === 'patch-status') this.patch(write.target, { status: write.status })
    }
    return writes.length > 0
  }

  create(object: KubeObject): void {
    const metadata = {
      ...object.metadata,
      uid: `u${this.#serial++}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: formatInstant(this.now + this.#serial * 1000)
    }
    const map: Map<string, KubeObject> = object.kind === 'Pod' ? this.pods : this.replicaSets
    const name = metadata.name ?? ''
    if (map.has(name)) throw new Error(`${name} exists already`)
    map.set(name, { ...object, metadata })
  }

  remove(resource: string, name: string): void {
    if (resource === 'replicasets') this.replicaSets.delete(name)
    const pod = this.pods.get(name)
    if (pod !== undefined) this.pods.set(name, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: formatInstant(this.now) } })
  }

  patch({ resource, name }: { readonly resource: string; readonly name: string }, body: unknown): void {
    const patched = (object: KubeObject | undefined): KubeObject => {
      const next = mergePatch(object, body) as KubeObject
      const bumped = isObject(body) && 'spec' in body ? (next.metadata.generation ?? 0) + 1 : next.metadata.generation
      return { ...next, metadata: { ...next.metadata, ...(bumped === undefined ? {} : { generation: bumped }) } }
    }
    if (resource === 'deployments') this.deployment = patched(this.deployment) as Deployment
    if (resource === 'replicasets') this.replicaSets.set(name, patched(this.replicaSets.get(name)) as ReplicaSet)
    if (resource === 'pods') this.pods.set(name, patched(this.pods.get(name)) as Pod)
  }

  // One of the three moves, in an order drawn anew each time; false at the fixpoint.
  step(): boolean {
    this.now += 200
    const looks = [() => this.lookAtDeployment(), () => this.lookAtReplicaSets(), () => this.lookAtPods()]
    const first = Math.floor(this.draw() * 3)
    for (let n = 0; n < 3; n++) if (looks[(first + n) % 3]?.() === true) return true
    return false
  }

  settle(check: () => void = () => undefined): void {
    for (let n = 0; this.step(); n++) {
      check()
      if (n > 2000) throw new Error(`no fixpoint: ${JSON.stringify(this.deployment.status)}`)
    }
  }

  active(): Pod[] {
    return [...this.pods.values()].filter(isActive)
  }

  available(): number {
    return this.active().filter(isReady).length
  }

  images(): string[] {
    return this.active().map((pod) => pod.spec.containers[0]?.image ?? '')
  }

  condition(type: string): DeploymentCondition | undefined {
    return this.deployment.status?.conditions?.find((each) => each.type === type)
  }
}

const amount = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`)
)

test('a rolling update never leaves its bounds and ends at what was asked, whatever becomes of the pods in between', () => {
  const reach = { surged: 0, below: 0, bad: 0, replaced: 0 }
  const changes = fc.array(fc.record({ after: fc.integer({ min: 0, max: 25 }), bad: fc.boolean() }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      amount,
      amount,
      fc.tuple(changes, fc.integer()),
      (replicas, maxSurge, maxUnavailable, [list, seed]) => {
        const world = new World(
          deploymentOf({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }),
          seed
        )
        world.settle()
        expect(world.available()).toBe(replicas)
        const bounds = boundsOf(world.deployment)
        const check = (): void => {
          expect(world.available()).toBeGreaterThanOrEqual(replicas - bounds.unavailable)
          expect(world.active().length).toBeLessThanOrEqual(replicas + bounds.surge)
          if (world.active().length > replicas) reach.surged++
          if (world.available() < replicas) reach.below++
        }
        for (const [at, { after, bad }] of list.entries()) {
          const image = `web:${at + 2}`
          if (bad) world.bad.add(image)
          world.change({ template: template(image) })
          for (let n = 0; n < after; n++) if (world.step()) check()
          if (bad) reach.bad++
        }
        world.change({ template: template('web:last') })
        world.settle(check)
        expect(world.images()).toEqual(new Array<string>(replicas).fill('web:last'))
        expect(world.deployment.status).toMatchObject({ replicas, updatedReplicas: replicas, availableReplicas: replicas })
        expect(world.condition('Progressing')?.reason).toBe('NewReplicaSetAvailable')
        reach.replaced += list.length
      }
    ),
    { seed: 11, numRuns: 150 }
  )
  for (const [what, times] of Object.entries(reach)) expect(times, what).toBeGreaterThan(50)
})

test('scaled at any moment of a rollout, a Deployment ends with as many pods of the last template as asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer(),
      (sizes, gap, seed) => {
        const world = new World(deploymentOf(), seed)
        world.settle()
        world.change({ template: template('web:2') })
        for (const replicas of sizes) {
          for (let n = 0; n < gap; n++) world.step()
          world.change({ replicas })
        }
        world.settle()
        expect(world.images()).toEqual(new Array<string>(sizes.at(-1) ?? 0).fill('web:2'))
        expect(world.condition('Available')?.status).toBe('True')
      }
    ),
    { seed: 5, numRuns: 100 }
  )
})

test('Recreate has no pod of two templates at once', () => {
  const world = new World(deploymentOf({ strategy: { type: 'Recreate' } }), 3)
  world.settle()
  world.change({ template: template('web:2') })
  world.settle(() => expect(new Set([...world.pods.values()].map((pod) => pod.spec.containers[0]?.image)).size).toBeLessThanOrEqual(1))
  expect(world.images()).toEqual(['web:2', 'web:2', 'web:2'])
})

test('undo selects the old ReplicaSet again under a new revision, and Progressing says so in the write that raises observedGeneration', () => {
  const world = new World(deploymentOf(), 1)
  world.settle()
  const [first] = [...world.replicaSets.keys()]
  world.change({ template: template('web:2') })
  world.settle()
  expect(world.deployment.metadata.annotations?.[REVISION]).toBe('2')
  world.change({ template: template('web:1') })
  world.lookAtDeployment()
  expect(world.deployment.status?.observedGeneration).toBe(world.deployment.metadata.generation)
  expect(world.condition('Progressing')).toMatchObject({
    status: 'True',
    reason: 'FoundNewReplicaSet',
    message: `Found new replica set "${first}"`
  })
  world.settle()
  expect(world.replicaSets.get(first ?? '')).toMatchObject({
    spec: { replicas: 3 },
    metadata: { annotations: { [REVISION]: '3', 'deployment.kubernetes.io/revision-history': '1' } }
  })
  expect(world.replicaSets.size).toBe(2)
})

test('a rollout past its deadline is reported, and a new template clears it at once', () => {
  const world = new World(deploymentOf({ progressDeadlineSeconds: 5 }), 2)
  world.settle()
  world.bad.add('web:bad')
  world.change({ template: template('web:bad') })
  world.settle()
  world.now += 7000
  const { wake } = reconcileDeployment({
    deployment: world.deployment,
    replicaSets: [...world.replicaSets.values()],
    pods: [],
    now: world.now - 6000
  })
  expect(wake).toBeGreaterThan(0)
  world.lookAtDeployment()
  expect(world.condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
  expect(world.available()).toBeGreaterThanOrEqual(3)
  world.change({ template: template('web:3') })
  world.lookAtDeployment()
  expect(world.condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetCreated' })
  world.settle()
  expect(world.images()).toEqual(['web:3', 'web:3', 'web:3'])
})

test('paused, a Deployment still scales but keeps its template; resumed, it rolls', () => {
  const world = new World(deploymentOf(), 4)
  world.settle()
  world.change({ paused: true, template: template('web:2') })
  world.settle()
  expect(world.condition('Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' })
  world.change({ replicas: 5 })
  world.settle()
  expect(world.images()).toEqual(new Array<string>(5).fill('web:1'))
  world.change({ paused: false })
  world.settle()
  expect(world.images()).toEqual(new Array<string>(5).fill('web:2'))
})

test('history beyond revisionHistoryLimit is forgotten, oldest first', () => {
  const world = new World(deploymentOf({ revisionHistoryLimit: 2 }), 6)
  for (let n = 1; n <= 6; n++) {
    world.change({ template: template(`web:${n}`) })
    world.settle()
  }
  const revisions = [...world.replicaSets.values()].map((each) => Number(each.metadata.annotations?.[REVISION])).sort((a, b) => a - b)
  expect(revisions).toEqual([4, 5, 6])
})

test('scaled to zero a Deployment is available and complete, and writes no zero counts', () => {
  const world = new World(deploymentOf(), 8)
  world.settle()
  world.change({ replicas: 0 })
  world.settle()
  expect(world.pods.size).toBe(0)
  expect(Object.keys(world.deployment.status ?? {}).sort()).toEqual(['conditions', 'observedGeneration'])
  expect(world.condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' })
  expect(world.condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
})

test('a ReplicaSet name that another object holds makes the hash change, not the owner', () => {
  const world = new World(deploymentOf(), 9)
  const alien = reconcileDeployment({ deployment: world.deployment, replicaSets: [], pods: [], now: world.now }).writes[0]
  if (alien?.kind !== 'create') throw new Error('expected a ReplicaSet')
  world.create({
    ...alien.object,
    metadata: { ...alien.object.metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x', controller: true }] }
  })
  world.settle()
  expect(world.deployment.status?.collisionCount).toBe(1)
  expect(world.images().length).toBe(6)
})

test('an orphaned ReplicaSet of the same template is adopted, not duplicated', () => {
  const world = new World(deploymentOf(), 10)
  world.settle()
  for (const [name, each] of world.replicaSets)
    world.replicaSets.set(name, { ...each, metadata: { ...each.metadata, ownerReferences: [] } })
  world.deployment = { ...deploymentOf(), metadata: { ...deploymentOf().metadata, uid: 'again' } }
  world.settle()
  expect(world.replicaSets.size).toBe(1)
  expect([...world.replicaSets.values()][0]?.metadata.ownerReferences?.[0]?.uid).toBe('again')
  expect(world.active().length).toBe(3)
})

test('sizes are told in events as kubectl describe shows them', () => {
  const world = new World(deploymentOf(), 12)
  world.settle()
  const [name] = [...world.replicaSets.keys()]
  expect(world.events.map(({ reason, message }) => `${reason} ${message}`)).toEqual([
    `ScalingReplicaSet Scaled up replica set ${name} from 0 to 3`
  ])
})
