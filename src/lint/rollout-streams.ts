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
    [total, bad].flatMap((counters): readonly ObjectProblem[] => {
      const unjudged = (what: string): readonly ObjectProblem[] => [
        problem('read-otherwise', place, [`${what}; the stream ${name} is not judged`])
      ]
      if (counters.kind === 'selector') {
        const wrong = wrongQuery(counters.text, plan)
        return wrong === undefined ? [] : unjudged(`${counters.text}: ${wrong}`)
      }
      const { namespace = plan.namespace || 'default' } = counters
      const found = named.find('MetricTemplate', namespace, counters.name)
      if (found === undefined) {
        const text = `MetricTemplate ${namespace}/${counters.name} does not exist: the stream ${name} is not judged until it does`
        return [problem('reference-not-found', place, [text])]
      }
      const wrong = wrongWith(found, plan)
      return wrong === undefined ? [] : unjudged(`MetricTemplate ${namespace}/${counters.name}: ${wrong}`)
    })
  )
}

function wrongWith({ spec }: KubeObject, plan: Plan): string | undefined {
  const type = dig(spec, 'provider', 'type')
  if (type !== 'prometheus') return `its provider is ${String(type)}, and counters of a stream come from prometheus`
  const query = dig(spec, 'query')
  return wrongQuery(typeof query === 'string' ? query : '', plan)
}

function wrongQuery(query: string, plan: Plan): string | undefined {
  const rendered = renderQuery(query, streamModel(plan, 'canary'))
  return rendered.kind === 'wrong' ? `its query: ${rendered.because}` : selectorProblem(rendered.query)
}
