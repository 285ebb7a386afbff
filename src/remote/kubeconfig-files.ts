// Where kubeconfigs are: a file that is named, the list of KUBECONFIG, files by default, and, in a pod, its service account. kubectl's order.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type Access, accessOf, KubeconfigError, type KubeconfigText } from './kubeconfig.ts'

/** What decides which kubeconfig is read. */
export interface KubeconfigQuery {
  /** --kubeconfig: this file and no other; it must be there. */
  readonly file?: string
  readonly context?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Files to look for where neither `file` nor KUBECONFIG is given; the first that is there counts. Default: ~/.kube/config. */
  readonly defaults?: readonly string[]
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const BYTES_MAX = 16 * 1024 * 1024

/** kubectl's own file. */
export function homeConfig(): string {
  return join(homedir(), '.kube', 'config')
}

/** The access that the query finds. Throws KubeconfigError when there is none, or when what is there cannot be used. */
export function findAccess(query: KubeconfigQuery): Access {
  const { texts, looked } = textsFor(query)
  const access = accessOf(texts, query.context) ?? (texts.length === 0 ? inCluster(query.env) : undefined)
  if (access !== undefined) return access
  if (texts.length > 0)
    throw new KubeconfigError(`${texts.map(({ file }) => file).join(', ')}: no current-context; name one with --context`)
  throw new KubeconfigError(
    `no kubeconfig: looked at ${looked.join(', ')}; name one with --kubeconfig or KUBECONFIG (serin up says which is its own)`
  )
}

function textsFor({ file, env, defaults = [homeConfig()] }: KubeconfigQuery): {
  readonly texts: readonly KubeconfigText[]
  readonly looked: readonly string[]
} {
  if (file !== undefined) {
    const text = textOf(file)
    if (text === undefined) throw new KubeconfigError(`${file}: no such file`)
    return { texts: [text], looked: [file] }
  }
  const list = [...new Set((env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== ''))]
  // Files of the list may be absent; only all of them together may not.
  if (list.length > 0) return { texts: list.flatMap((path) => textOf(path) ?? []), looked: list }
  for (const path of defaults) {
    const text = textOf(path)
    if (text !== undefined) return { texts: [text], looked: [path] }
  }
  return { texts: [], looked: defaults }
}

function textOf(path: string): KubeconfigText | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > BYTES_MAX) throw new KubeconfigError(`${path}: is longer than ${BYTES_MAX} bytes`)
    return { file: path, folder: dirname(resolve(path)), text }
  } catch (error) {
    if (error instanceof KubeconfigError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new KubeconfigError(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A pod reaches the API with its service account, whose token is renewed in place. */
function inCluster(env: KubeconfigQuery['env']): Access | undefined {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']]
  if (!host || !port) return undefined
  return {
    name: 'in-cluster',
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    trust: { unchecked: false, authority: { kind: 'file', path: join(SERVICE_ACCOUNT, 'ca.crt') } },
    namespace: namespaceFile() ?? 'default',
    user: { name: 'service account', impersonate: {}, token: { kind: 'file', path: join(SERVICE_ACCOUNT, 'token') } }
  }
}

function namespaceFile(): string | undefined {
  const text = textOf(join(SERVICE_ACCOUNT, 'namespace'))?.text.trim()
  return text === '' ? undefined : text
}
