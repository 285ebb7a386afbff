// The streams of counters that a Canary brings to its gate: MetricTemplates that are not there, and those that cannot be a stream.

import type { KubeObject } from '../api/object.ts'
import { GATE_ANNOTATIONS } from '../canary/gate-request.ts'
import { selectorProblem, type StreamRequest } from '../canary/gate-streams.ts'
import type { Plan } from '../canary/plan.ts'
import { type ObjectProblem, type Place, problem } from '../route/catalogue.ts'
import { dig } from '../std/json.ts'
import { renderQuery } from '../template/template.ts'
import type { Named } from './named.ts'
import { streamModel } from '../objects/stream-model.ts'

/** The problems of these streams, told at the annotation that has them by default. */
export function lintStreams(
  streams: readonly StreamRequest[],
  plan: Plan,
  named: Named,
  at: (path: string) => Place
): readonly ObjectProblem[] {
  const place = at(`metadata.annotations[${GATE_ANNOTATIONS.streams}]`)
  return streams.flatMap(({ name, total, bad }) =>
    [total, bad].flatMap((template): readonly ObjectProblem[] => {
      const { namespace = plan.namespace || 'default' } = template
      const found = named.find('MetricTemplate', namespace, template.name)
      if (found === undefined) {
        const text = `MetricTemplate ${namespace}/${template.name} does not exist: the stream ${name} is not judged until it does`
        return [problem('reference-not-found', place, [text])]
      }
      const wrong = wrongWith(found, plan)
      return wrong === undefined
        ? []
        : [problem('read-otherwise', place, [`MetricTemplate ${namespace}/${template.name}: ${wrong}; the stream ${name} is not judged`])]
    })
  )
}

function wrongWith({ spec }: KubeObject, plan: Plan): string | undefined {
  const type = dig(spec, 'provider', 'type')
  if (type !== 'prometheus') return `its provider is ${String(type)}, and counters of a stream come from prometheus`
  const query = dig(spec, 'query')
  const rendered = renderQuery(typeof query === 'string' ? query : '', streamModel(plan, 'canary'))
  return rendered.kind === 'wrong' ? `its query: ${rendered.because}` : selectorProblem(rendered.query)
}
