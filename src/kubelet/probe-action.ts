// Asking a container once: HTTP, TCP or a command, each within its timeout. Also what preStop and postStart hooks do.

import { request as requestTls } from 'node:https'
import { connect } from 'node:net'
import { wait, type Clock, type Millis } from '../std/clock.ts'
import type { Container, LifecycleHandler } from '../api/builtin-types-pod.ts'
import { localCheck } from './local-check.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** What was found; `because` is fit for an Event. */
export type Answer = { readonly kind: 'success' } | { readonly kind: 'failure'; readonly because: string }

/** The container asked and how to run a command in it (its exit code and output). */
export interface ProbeTarget {
  readonly podIP: string
  readonly container: Container
  readonly clock: Clock
  exec(command: readonly string[], timeout: Millis): Promise<{ readonly code: number; readonly output: string }>
}

const SUCCESS: Answer = { kind: 'success' }
const USER_AGENT = 'kube-probe/1.33'
// What of an answer's body an Event may quote.
const BODY_MAX = 200

/** Does the action once. Never rejects: whatever goes wrong is a failure with its reason. */
export async function act(action: LifecycleHandler, target: ProbeTarget, timeout: Millis): Promise<Answer> {
  if (action.httpGet !== undefined) return httpGet(action.httpGet, target, timeout)
  if (action.tcpSocket !== undefined)
    return tcpConnect(action.tcpSocket.host ?? target.podIP, portOf(action.tcpSocket.port, target.container), timeout)
  if (action.sleep !== undefined) {
    await wait(target.clock, action.sleep.seconds * 1000, new AbortController().signal)
    return SUCCESS
  }
  if (action.exec === undefined) return { kind: 'failure', because: 'the kind of probe is not supported: use httpGet, tcpSocket or exec' }
  const check = localCheck(action.exec.command ?? [])
  if (check !== undefined) return httpGet(check, target, timeout)
  const { code, output } = await target.exec(action.exec.command ?? [], timeout)
  return code === 0 ? SUCCESS : { kind: 'failure', because: `command ended with ${code}: ${output.slice(0, BODY_MAX)}` }
}

/** A port given by number or by the name of one of the container's ports; 0 when the name is unknown. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port
  if (/^\d+$/.test(port)) return Number(port)
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? 0
}

/** Opens a connection and closes it. */
export function tcpConnect(host: string, port: number, timeout: Millis): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (answer: Answer): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeout, () => done({ kind: 'failure', because: `connect to ${host}:${port}: no answer within ${timeout} ms` }))
    socket.once('connect', () => done(SUCCESS))
    socket.once('error', (error) => done({ kind: 'failure', because: error.message }))
  })
}

function httpGet(get: NonNullable<LifecycleHandler['httpGet']>, target: ProbeTarget, timeout: Millis): Promise<Answer> {
  const named = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]))
  const port = portOf(get.port, target.container)
  const options = {
    host: get.host ?? target.podIP,
    port,
    path: get.path ?? '/',
    headers: { 'user-agent': USER_AGENT, accept: '*/*', connection: 'close', ...named },
    signal: AbortSignal.timeout(timeout)
  }
  return new Promise((resolve) => {
    const failed = (because: string): void => resolve({ kind: 'failure', because })
    try {
      // As Kubernetes, an https probe does not verify the certificate.
      const sent = get.scheme === 'HTTPS' ? requestTls({ ...options, rejectUnauthorized: false }) : http.request(options)
      sent.once('response', (response) => {
        response.resume()
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 400) return resolve(SUCCESS)
        return failed(`HTTP probe failed with statuscode: ${statusCode}`)
      })
      sent.once('error', (error) => failed(`Get "http://${options.host}:${port}${options.path}": ${error.message}`))
      sent.end()
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error))
    }
  })
}
