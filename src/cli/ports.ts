// Which ports an instance asks for: what the user said, else the defaults; gateways fall back from 80 to 8080 where 80 cannot be had.

import { HostError } from '../host/host-error.ts'
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

/** The ports of the options. Throws, naming option and holder, when a wanted one is busy or wanted twice. */
export async function choosePorts(options: UpOptions): Promise<Ports> {
  const ports: Ports = {
    api: options.apiPort ?? DEFAULTS.api,
    http: options.httpPort ?? ((await problemOf(DEFAULTS.http)) === undefined ? DEFAULTS.http : DEFAULTS.httpFallback),
    admin: options.adminPort ?? DEFAULTS.admin,
    mesh: options.meshPort ?? DEFAULTS.mesh
  }
  const problems: string[] = []
  const owners = new Map<number, string>()
  for (const [name, port] of Object.entries(ports)) {
    if (port === 0) continue
    const option = `--${name}-port`
    const other = owners.get(port)
    owners.set(port, option)
    const problem = other === undefined ? await problemOf(port) : `${option} and ${other} are both ${port}`
    if (problem !== undefined) problems.push(`${problem}: name another port with ${option} (0 is any free one)`)
  }
  if (problems.length > 0) throw new HostError('port-busy', problems.join('; '))
  return ports
}

/** The options with any free port in place of each default that is taken: for an instance that must start beside others. */
export async function avoidTakenPorts(options: UpOptions): Promise<UpOptions> {
  const openOr0 = async (given: number | undefined, ...wanted: readonly number[]): Promise<number> => {
    if (given !== undefined) return given
    for (const port of wanted) if ((await problemOf(port)) === undefined) return port
    return 0
  }
  return {
    ...options,
    apiPort: await openOr0(options.apiPort, DEFAULTS.api),
    httpPort: await openOr0(options.httpPort, DEFAULTS.http, DEFAULTS.httpFallback),
    adminPort: await openOr0(options.adminPort, DEFAULTS.admin),
    meshPort: await openOr0(options.meshPort, DEFAULTS.mesh)
  }
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
