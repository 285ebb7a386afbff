// What is wrong with Canaries, and what of them is not done: by the rollout itself, and by routing with the objects it will write; and with
// the queries of MetricTemplates.

import { unactedFields } from '../api/acted-on.ts'
import type { KubeObject } from '../api/object.ts'
import { type GateConfig, gateConfigName } from '../canary/gate-options.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { type Notice, noticesOf } from '../canary/notices.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { rivalOf } from '../canary/rivals.ts'
import { templateProblem } from '../template/template.ts'
import { ruleWrites } from '../objects/render-destination-rule.ts'
import { virtualServiceWrites } from '../objects/render-virtual-service.ts'
import { weakChecksOf } from '../canary/weak-checks.ts'
import type { Write } from '../objects/write.ts'
import { ACTED_ON } from '../route/acted-on.ts'
import { type ObjectProblem, type Place, problem, referTo } from '../route/catalogue.ts'
import { dig } from '../std/json.ts'
import { type Named, namedOf } from './named.ts'
import { danglingOf, type KnownKinds } from './rollout-references.ts'
import { lintStreams } from './rollout-streams.ts'

const FLAGGERS: KnownKinds = new Set(['MetricTemplate', 'AlertProvider'])
const SCALED: KnownKinds = new Set([...FLAGGERS, 'HorizontalPodAutoscaler'])

/**
 * The problems of every object of Flagger's. Of its own kinds all objects are given; `files`: what belongs to a workload that is among them
 * is among them too.
 */
export function lintRollouts(objects: readonly KubeObject[], given: 'files' | 'its kinds' = 'its kinds'): ObjectProblem[] {
  const ground: Ground = {
    given,
    named: namedOf(objects),
    canaries: objects.filter(({ kind }) => kind === 'Canary'),
    templates: templatesOf(objects)
  }
  return objects.filter(({ apiVersion }) => apiVersion.startsWith('flagger.app/')).flatMap((object) => lintOne(object, ground))
}

/** What Canaries are looked at with. */
interface Ground {
  readonly given: 'files' | 'its kinds'
  readonly named: Named
  readonly canaries: readonly KubeObject[]
  readonly templates: ReadonlyMap<string, string>
}

function lintOne(object: KubeObject, ground: Ground): ObjectProblem[] {
  const place = (path: string): Place => ({ object: referTo(object.kind, object), path })
  if (object.kind === 'AlertProvider') return []
  if (object.kind === 'MetricTemplate') return lintTemplate(object, place('spec.query'))
  if (object.kind !== 'Canary') return [problem('not-applied-yet', place('spec'), [`the kind ${object.kind}`])]
  return lintCanary(object, ground, place)
}

function lintCanary(canary: KubeObject, { given, named, canaries, templates }: Ground, place: (path: string) => Place): ObjectProblem[] {
  const { targetKind, namespace, target } = planOf(canary)
  const whole = given === 'files' && named.find(targetKind, namespace, target) !== undefined
  const gateConfig = gateConfigOf(canary, named, whole)
  const plan = planOf(canary, gateConfig)
  const notices = noticesOf(canary, { rival: rivalOf(canary, canaries), gateConfig })
  const told = notices.map((notice) => problemOf(notice, place(notice.path)))
  if (notices.some(({ kind }) => kind === 'refused')) return told
  const routed = unroutedFields(canary, plan).map((path) =>
    problem('not-applied-yet', place(path), [path.slice(path.lastIndexOf('.') + 1)])
  )
  const known = whole ? SCALED : FLAGGERS
  const dangling = danglingOf(canary, named, known).map(({ path, text }) => problem('reference-not-found', place(path), [text]))
  const weak = weakChecksOf({ canary, plan, templates }).map(({ path, text }) => problem('weak-check', place(path), [text]))
  const streams = lintStreams(gateRequestOf(canary, gateConfig).request?.streams ?? [], plan, named, place)
  return [...told, ...routed, ...dangling, ...streams, ...weak]
}

/** Queries of MetricTemplates by `namespace/name`. */
export function templatesOf(objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  return new Map(
    objects.flatMap(({ kind, metadata, spec }) => {
      const query = dig(spec, 'query')
      return kind === 'MetricTemplate' && typeof query === 'string' ? [[`${metadata.namespace ?? 'default'}/${metadata.name}`, query]] : []
    })
  )
}

// undefined: it may be somewhere else than among these objects.
function gateConfigOf(canary: KubeObject, named: Named, whole: boolean): GateConfig | undefined {
  const name = gateConfigName(canary)
  if (name === undefined) return undefined
  const object = named.find('ConfigMap', canary.metadata.namespace, name)
  if (object !== undefined) return { kind: 'found', object }
  return whole ? { kind: 'missing', name, because: 'not found' } : undefined
}

function lintTemplate(template: KubeObject, place: Place): ObjectProblem[] {
  const query = dig(template['spec'], 'query')
  const mistake = typeof query === 'string' ? templateProblem(query) : undefined
  return mistake === undefined ? [] : [problem('read-otherwise', place, [`${mistake}: checks with it hold their Canary`])]
}

function problemOf({ kind, path, text }: Notice, place: Place): ObjectProblem {
  switch (kind) {
    case 'refused':
      return problem('canary-refused', place, [text])
    case 'not-acted-on':
      return problem('not-applied-yet', place, [path.slice(path.lastIndexOf('.') + 1)])
    case 'read-otherwise':
      return problem('read-otherwise', place, [text])
  }
}

/** Fields of `spec.service` that are copied into rules which do not act on them. */
function unroutedFields(canary: KubeObject, plan: Plan): readonly string[] {
  if (plan.provider === 'kubernetes') return []
  const specOf = (writes: readonly Write[]): unknown =>
    writes.flatMap((write) => (write.verb === 'create' ? [write.object['spec']] : []))[0]
  const routes = unactedFields(
    ACTED_ON.VirtualService,
    specOf(virtualServiceWrites({ canary, plan, routing: { kind: 'weights', canary: 0 }, cookies: {} }, undefined)),
    'spec'
  )
  const policies = unactedFields(ACTED_ON.DestinationRule, specOf(ruleWrites(canary, plan, 'canary', undefined)), 'spec')
  return [
    ...routes.map(({ path }) => path.replace('spec.http[0].', 'spec.service.')),
    ...policies.map(({ path }) => path.replace('spec.', 'spec.service.'))
  ]
}
