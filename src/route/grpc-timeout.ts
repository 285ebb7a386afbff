// How long a gRPC client is ready to wait, by its `grpc-timeout` field, and what that makes of a route's timeout (istio.md 1.14).

import type { Millis } from '../std/clock.ts'

const UNITS: Readonly<Record<string, Millis>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }

/** The field's value in whole milliseconds, rounded up; undefined when it is no timeout. */
export function readGrpcTimeout(text: string): Millis | undefined {
  const found = /^(\d{1,8})([HMSmun])$/.exec(text)
  const unit = UNITS[found?.[2] ?? '']
  return unit === undefined ? undefined : Math.ceil(Number(found?.[1]) * unit)
}

/** The timeout of a gRPC request: the client's, at most the route's; 0 is none. Without a usable field the route's. */
export function grpcTimeout(field: string | undefined, route: Millis): Millis {
  const asked = field === undefined ? undefined : readGrpcTimeout(field)
  if (asked === undefined || asked === 0) return route
  return route === 0 ? asked : Math.min(asked, route)
}
