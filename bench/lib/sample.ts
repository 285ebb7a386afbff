// One measurement of one proxy under the load of wrk.

import { CALLED } from '../proxy-rules.ts'
import { cpuOf } from './proc.ts'
import { ENVIRONMENT, neededProgram } from './programs.ts'
import type { Proxy } from './proxies.ts'
import { onCore } from './stage.ts'
import { type Shape, output, readWrk, wrkWords } from './wrk.ts'

/** What one run of the generator showed. */
export interface Sample {
  /** Microseconds of the proxy for one request. */
  readonly cpu: number
  readonly rps: number
  readonly errors: number
  readonly p50: number
  readonly p99: number
}

/** Asks the proxy for some seconds. */
export async function sample(proxy: Proxy, shape: Shape, seconds: number): Promise<Sample> {
  const wrk = neededProgram('wrk')
  const before = cpuOf(proxy.pids)
  const printed = await output(
    'taskset',
    [...onCore('load'), wrk, ...wrkWords(shape, { port: proxy.port, host: CALLED }, seconds)],
    ENVIRONMENT
  )
  const used = cpuOf(proxy.pids) - before
  const { requests, seconds: took, errors, p50, p99 } = readWrk(printed)
  return { cpu: used / requests, rps: requests / took, errors, p50, p99 }
}

/** Requests after which a proxy that compiles as it runs has done so, and the seconds that are waited for them at most. */
const [WARM_REQUESTS, WARM_SECONDS] = [60_000, 6]

/** Asks a proxy that was just started until it is warm; what the first requests cost is not what a request costs. */
export async function warm(proxy: Proxy): Promise<void> {
  let requests = 0
  for (let second = 0; second < WARM_SECONDS && requests < WARM_REQUESTS; second += 1)
    requests += (await sample(proxy, { path: '/100', connections: 64 }, 1)).rps
}
