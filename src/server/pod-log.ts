// GET pods/NAME/log: a container's output as plain text, streamed with back-pressure while it is followed.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { dig } from '../std/json.ts'
import type { KubeObject } from '../api/object.ts'
import type { Status } from '../store/store-request.ts'
import type { LogOptions, PodAccess, PodName } from '../kube/pod-access.ts'
import { flag, integer, type Parsed, text } from './query.ts'
import { failure } from './status.ts'

/** The options of a log request. */
export function logOptions(query: URLSearchParams): Parsed<LogOptions> {
  const numbers: { tailLines?: number; limitBytes?: number; sinceSeconds?: number } = {}
  for (const name of ['tailLines', 'limitBytes', 'sinceSeconds'] as const) {
    const value = integer(query, name)
    if (!value.ok) return value
    if (value.value !== undefined) numbers[name] = value.value
  }
  const sinceTime = text(query, 'sinceTime')
  return {
    ok: true,
    value: {
      follow: flag(query, 'follow'),
      previous: flag(query, 'previous'),
      timestamps: flag(query, 'timestamps'),
      ...numbers,
      ...(sinceTime === undefined ? {} : { sinceTime })
    }
  }
}

/** Which container of `pod` is meant: the one named, or the only one, or the annotated default. */
export function chooseContainer(pod: KubeObject, named: string | undefined): Parsed<string> {
  const name = pod.metadata.name ?? ''
  const containers = ['containers', 'initContainers'].flatMap((field) => containerNames(pod, field))
  if (named !== undefined) {
    if (containers.includes(named) || named === 'istio-proxy') return { ok: true, value: named }
    return { ok: false, status: failure(400, 'BadRequest', `container ${named} is not valid for pod ${name}`) }
  }
  const main = containerNames(pod, 'containers')
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (preferred !== undefined && main.includes(preferred)) return { ok: true, value: preferred }
  const [only] = main
  if (only !== undefined && main.length === 1) return { ok: true, value: only }
  const choice = `a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`
  return { ok: false, status: failure(400, 'BadRequest', choice) }
}

function containerNames(pod: KubeObject, field: string): string[] {
  const list = dig(pod, 'spec', field)
  return Array.isArray(list) ? list.map((one) => dig(one, 'name')).filter((name) => typeof name === 'string') : []
}

/** Streams the log; a failure to start is returned instead, nothing having been written. */
export async function streamLog(
  response: ServerResponse,
  pods: PodAccess,
  which: { readonly pod: PodName; readonly container: string },
  options: LogOptions
): Promise<Status | undefined> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const answer = pods.log(which.pod, which.container, { ...options, signal: gone.signal })
  if (answer.kind === 'failure') return answer.status
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
  for await (const chunk of answer.chunks) {
    if (response.destroyed) return undefined
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
  }
  response.end()
  return undefined
}
