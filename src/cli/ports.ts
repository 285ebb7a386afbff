// Which ports an instance asks for: what the user said, else the defaults; gateways fall back from 80 to 8080 where 80 cannot be had.

import { portProblem, portState } from '../host/ports.ts'
import type { ListenerPlan } from './listeners.ts'
import type { UpOptions } from './options.ts'

/** Ports to bind; 0 is any free one. */
export interface Ports {
  readonly api: number
  readonly http: number
  readonly admin: number
  readonly mesh: number
}

export const HOST = '127.0.0.1'
const DEFAULTS = { api: 7443, http: 80, httpFallback: 8080, admin: 15_000, mesh: 15_001 }

/** The ports of the options; throws naming the holder when a wanted one is busy. */
export async function choosePorts(options: UpOptions): Promise<Ports> {
  const ports: Ports = {
    api: options.apiPort ?? DEFAULTS.api,
    http: options.httpPort ?? ((await problemOf(DEFAULTS.http)) === undefined ? DEFAULTS.http : DEFAULTS.httpFallback),
    admin: options.adminPort ?? DEFAULTS.admin,
    mesh: options.meshPort ?? DEFAULTS.mesh
  }
  for (const port of Object.values(ports)) {
    const problem = port === 0 ? undefined : await problemOf(port)
    if (problem !== undefined) throw new Error(problem)
  }
  return ports
}

/** Where the mesh listens: a Gateway's port 80 is the http port, any other its own number (or any free one when http is that). */
export function meshPlan(ports: Ports): ListenerPlan {
  return {
    gateway: (port) => ({ address: HOST, port: port === 80 ? ports.http : ports.http === 0 ? 0 : port }),
    shell: { address: HOST, port: ports.mesh }
  }
}

async function problemOf(port: number): Promise<string | undefined> {
  return portProblem(HOST, port, await portState(HOST, port))
}
