// Local rate limits for tests, and requests as they are judged by.

import type { LocalLimit } from '../src/route/local-limit.ts'
import type { LimitedRequest } from '../src/route/rate-descriptors.ts'
import { factsOf } from './route-mesh.ts'

/** What Envoy's filter says when nothing but its prefix is set. */
export const UNSET_LIMIT: LocalLimit = {
  statPrefix: 'p',
  bucket: undefined,
  enabled: 0,
  enforced: 0,
  status: 429,
  grpcStatus: 14,
  response: [],
  request: [],
  descriptors: [],
  rules: [],
  stage: 0,
  hostRules: 'override',
  perConnection: false,
  alwaysDefault: true,
  announced: false,
  dynamicMax: 20
}

/** A limit in force for every request: one in a minute, unless `rest` says otherwise. */
export function limitOf(rest: Partial<LocalLimit> = {}): LocalLimit {
  return { ...UNSET_LIMIT, bucket: { max: 1, perFill: 1, interval: 60_000 }, enabled: 1, enforced: 1, ...rest }
}

/** A GET of `/` with these headers. */
export function limitedRequest(headers: Readonly<Record<string, string>> = {}): LimitedRequest {
  return { facts: factsOf({ host: 'a', headers }), path: '/', pathEnd: 1, remoteAddress: '127.0.0.1', cluster: undefined }
}
