// What is wrong with Canaries, and what of them is not done: by the rollout itself, and by routing with the objects it will write; and with
// the queries of MetricTemplates.

import { unactedFields } from '../api/acted-on.ts'
import type { KubeObject } from '../api/object.ts'
import { type Notice, noticesOf } from '../rollout/notices.ts'
import { type Plan, planOf } from '../rollout/plan.ts'
import { rivalOf } from '../rollout/rivals.ts'
import { templateProblem } from '../rollout/template.ts'
import { ruleWrites } from '../rollout/render-destination-rule.ts'
import { virtualServiceWrites } from '../rollout/render-virtual-service.ts'
import type { Write } from '../rollout/write.ts'
import { ACTED_ON } from '../route/acted-on.ts'
import { type ObjectProblem, type Place, problem, referTo } from '../route/catalogue.ts'
import { dig } from '../std/json.ts'

/** The problems of every object of Flagger's. */
export function lintRollouts(objects: readonly KubeObject[]): ObjectProblem[] {
  return objects.filter(({ apiVersion }) => apiVersion.startsWith('flagger.app/')).flatMap((object) => lintOne(object, objects))
}

function lintOne(object: KubeObject, objects: readonly KubeObject[]): ObjectProblem[] {
  const place = (path: string): Place => ({ object: referTo(object.kind, object), path })
  if (object.kind === 'AlertProvider') return []
  if (object.kind === 'MetricTemplate') return lintTemplate(object, place('spec.query'))
  if (object.kind !== 'Canary') return [problem('not-applied-yet', place('spec'), [`the kind ${object.kind}`])]
  const plan = planOf(object)
  const rival = rivalOf(
    object,
    objects.filter(({ kind }) => kind === 'Canary')
  )
  const notices = noticesOf(object, { rival })
  const told = notices.map((notice) => problemOf(notice, place(notice.path)))
  if (notices.some(({ kind }) => kind === 'refused')) return told
  const routed = unroutedFields(object, plan).map((path) =>
    problem('not-applied-yet', place(path), [path.slice(path.lastIndexOf('.') + 1)])
  )
  return [...told, ...routed]
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
