// The rows of the proxy bench and what Serin's worker must reach in them (proxy.md 10).

/** One row. Targets name a rival; the ones of CPU are against nginx. */
export interface Row {
  readonly name: string
  readonly path: string
  readonly connections: number
  readonly post: boolean
  /** With the access log of Serin and Envoy on. */
  readonly logged: boolean
  /** CPU per request, at most. */
  readonly cpu: number
  /** Requests per second, at least. */
  readonly rps: Readonly<Partial<Record<string, number>>>
  /** Half of the requests take, at most. */
  readonly p50: Readonly<Partial<Record<string, number>>>
}

const PLAIN = { path: '/100', connections: 64, post: false, logged: false, p50: {} }

export const ROWS: readonly Row[] = [
  { ...PLAIN, name: '100 B, c64', cpu: 1.25, rps: { nginx: 0.8, haproxy: 0.85, envoy: 3 } },
  { ...PLAIN, name: '100 B, c256', connections: 256, cpu: 1.35, rps: { nginx: 0.75, haproxy: 0.88, envoy: 2.8 } },
  { ...PLAIN, name: '100 B, c1', connections: 1, cpu: 1.2, rps: {}, p50: { nginx: 1.08, haproxy: 1.05, envoy: 0.7 } },
  { ...PLAIN, name: '10 KB, c64', path: '/10k', cpu: 1.4, rps: { nginx: 0.7, haproxy: 0.85, envoy: 2.8 } },
  { ...PLAIN, name: '10 KB chunked, c64', path: '/chunked', cpu: 1.25, rps: { nginx: 0.8, haproxy: 0.75, envoy: 2.8 } },
  { ...PLAIN, name: 'POST 10 KB, c64', post: true, cpu: 1.5, rps: { nginx: 0.68, haproxy: 0.68, envoy: 2.6 } },
  { ...PLAIN, name: '1 MB, c16', path: '/1m', connections: 16, cpu: 1.35, rps: { nginx: 0.8, haproxy: 0.7, envoy: 0.9 } },
  { ...PLAIN, name: '100 B, c64, access log', logged: true, cpu: 1.4, rps: { nginx: 0.72, envoy: 2.9 } }
]
