// Credentials from a plugin: a program that prints an ExecCredential (client.authentication.k8s.io). It is started without a shell, bounded
// in time and in what it may print; what it prints is never shown.

import { spawn } from 'node:child_process'
import { type Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { dig } from '../std/json.ts'
import { type ExecPlugin, KubeconfigError } from './kubeconfig.ts'

/** What a plugin gave: a token or a certificate with its key, or all. `until`: when it ends; undefined: with the process. */
export interface ExecCredential {
  readonly token?: string
  readonly certificate?: string
  readonly key?: string
  readonly until?: Millis
}

/** Long enough for a person to log in with a browser. */
export const PLUGIN_MAX: Millis = 300_000
const PRINTED_MAX = 1024 * 1024

/** Runs the plugin once. Rejects with KubeconfigError, or with the signal's reason. */
export async function runPlugin(plugin: ExecPlugin, signal: AbortSignal): Promise<ExecCredential> {
  const terminal = process.stdin.isTTY
  if (plugin.interactive === 'Always' && !terminal) {
    throw new KubeconfigError(`exec plugin ${plugin.command} wants to talk to somebody, and standard input is no terminal`)
  }
  const interactive = plugin.interactive !== 'Never' && terminal
  const printed = await output(plugin, interactive, signal)
  return credentialIn(plugin, printed)
}

function output(plugin: ExecPlugin, interactive: boolean, signal: AbortSignal): Promise<string> {
  const { apiVersion, command, args, env, cluster, installHint } = plugin
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive, ...(cluster && { cluster }) } })
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      timeout: PLUGIN_MAX,
      killSignal: 'SIGKILL',
      signal
    })
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.length > PRINTED_MAX) child.kill('SIGKILL')
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) return reject(signal.reason)
      const hint = error.code === 'ENOENT' && installHint !== undefined ? `\n${installHint}` : ''
      reject(new KubeconfigError(`exec plugin ${command} cannot be started: ${error.message}${hint}`))
    })
    child.once('close', (code, killed) => {
      if (text.length > PRINTED_MAX) reject(new KubeconfigError(`exec plugin ${command} printed more than ${PRINTED_MAX} bytes`))
      else if (code === 0) resolve(text)
      else reject(new KubeconfigError(`exec plugin ${command} ended with ${killed ?? code}`))
    })
  })
}

function credentialIn({ command, apiVersion }: ExecPlugin, printed: string): ExecCredential {
  const bad = (what: string): KubeconfigError => new KubeconfigError(`exec plugin ${command} ${what}`)
  let answer: unknown
  try {
    answer = JSON.parse(printed)
  } catch {
    throw bad('did not print JSON')
  }
  if (dig(answer, 'kind') !== 'ExecCredential') throw bad('did not print an ExecCredential')
  if (dig(answer, 'apiVersion') !== apiVersion) throw bad(`answered in ${String(dig(answer, 'apiVersion'))}, not in ${apiVersion}`)
  const field = (name: string): string | undefined => {
    const value = dig(answer, 'status', name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const [token, certificate, key, ends] = ['token', 'clientCertificateData', 'clientKeyData', 'expirationTimestamp'].map(field)
  if (token === undefined && certificate === undefined) throw bad('gave neither a token nor a certificate')
  if ((certificate === undefined) !== (key === undefined)) throw bad('gave a certificate without its key, or the other way round')
  const until = parseInstant(ends)
  return {
    ...(token !== undefined && { token }),
    ...(certificate !== undefined && key !== undefined && { certificate, key }),
    ...(until !== undefined && { until })
  }
}
