// Where lines of the access log go: those of a pod's proxy to `kubectl logs POD -c istio-proxy`, those of gateways and of the proxies for
// shells and Services' addresses to a file of the data folder. Both are bounded.

import { LogFile } from '../host/log-file.ts'
import type { LogRequest, PodName } from '../kube/pod-access.ts'
import { PodLog } from '../kubelet/pod-log.ts'
import type { AccessLogSpec } from '../proxy/access-log.ts'
import type { LogLine } from '../proxy/log-frames.ts'
import { lineFormat } from '../proxy/access-format.ts'
import type { Clock } from '../std/clock.ts'
import type { Config } from './config.ts'
import type { UpOptions } from './options.ts'

/** Kept of one pod's lines, in memory. */
const POD_BOUNDS = { linesMax: 5000, charsMax: 2_000_000 }

/** Owns the lines of every pod and the file of the others. */
export class AccessLogs {
  readonly #clock: Clock
  readonly #file: LogFile
  /** `namespace/name` of the pods there are. */
  readonly #pods: () => ReadonlySet<string>
  readonly #logs = new Map<string, PodLog>()

  constructor(options: { readonly clock: Clock; readonly path: string; readonly pods: () => ReadonlySet<string> }) {
    this.#clock = options.clock
    this.#file = new LogFile(options.path)
    this.#pods = options.pods
  }

  /** Takes lines of a worker. */
  take(lines: readonly LogLine[]): void {
    const others: string[] = []
    for (const [pod, text] of lines) {
      if (pod === '') others.push(text)
      else (this.#logs.get(pod) ?? this.#begin(pod))?.append(text)
    }
    if (others.length > 0) this.#file.append(others.join('\n'))
  }

  /** What `kubectl logs -c istio-proxy` shows of a pod, which exists. */
  log({ namespace, name }: PodName, request: LogRequest): AsyncIterable<Uint8Array> {
    const pod = `${namespace}/${name}`
    return (this.#logs.get(pod) ?? this.#begin(pod) ?? new PodLog(this.#clock)).read(request)
  }

  // A pod that went takes its lines with it; one that nobody knows has none.
  #begin(pod: string): PodLog | undefined {
    const pods = this.#pods()
    for (const [name, log] of this.#logs) {
      if (pods.has(name)) continue
      log.close()
      this.#logs.delete(name)
    }
    if (!pods.has(pod)) return undefined
    const log = new PodLog(this.#clock, POD_BOUNDS)
    this.#logs.set(pod, log)
    return log
  }
}

/** What the mesh is to log, or what is wrong with the settings of it. With `off` only routes that ask for it have lines. */
export function accessLogOf(word: UpOptions['accessLog'], { accessLogFormat: own }: Config): AccessLogSpec | { readonly problem: string } {
  const encoding = word === 'json' ? 'json' : 'text'
  if (own !== undefined && word !== 'off' && (typeof own === 'string') !== (encoding === 'text')) {
    return {
      problem: `accessLogFormat is ${typeof own === 'string' ? 'a text: it goes with --access-log text' : 'a map: it goes with --access-log json'}`
    }
  }
  const spec: AccessLogSpec =
    own !== undefined && typeof own !== 'string'
      ? { encoding: 'json', format: JSON.stringify(own), routes: word === 'off' ? 'chosen' : 'all' }
      : { encoding, format: own, routes: word === 'off' ? 'chosen' : 'all' }
  const format = lineFormat(spec)
  return 'problem' in format ? { problem: `accessLogFormat: ${format.problem}` } : spec
}
