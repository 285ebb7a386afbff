// Kubeconfigs by kubectl's rules: texts are merged, the first to say a thing wins, a context is chosen, and what comes out names a server, how to
// trust it and who is asking. No file is opened here: paths are resolved against the folder of the text that names them.

import { isAbsolute, join } from 'node:path'
import { parseYaml } from '../api/yaml.ts'
import { dig, isObject } from '../std/json.ts'

/** A kubeconfig that cannot be used; the message is for the user and never holds a secret. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/** The text of one kubeconfig; `file` is for messages, `folder` is what its relative paths start from. */
export interface KubeconfigText {
  readonly file: string
  readonly folder: string
  readonly text: string
}

/** A certificate, key or token: itself, or the file to read it from whenever it is wanted. */
export type Material = { readonly kind: 'value'; readonly value: string } | { readonly kind: 'file'; readonly path: string }

/** How a server is trusted. Without an authority those of the system count. */
export interface Trust {
  readonly authority?: Material
  /** Name in its certificate, where it is not the host of its URL. */
  readonly serverName?: string
  readonly unchecked: boolean
}

/** A credential plugin (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint?: string
  readonly interactive: 'Never' | 'IfAvailable' | 'Always'
  /** Of the cluster, for plugins that ask for it. */
  readonly cluster?: Readonly<Record<string, unknown>>
}

/** Who is asking. */
export interface User {
  readonly name: string
  readonly certificate?: Material
  readonly key?: Material
  readonly token?: Material
  readonly basic?: { readonly username: string; readonly password: string }
  readonly exec?: ExecPlugin
  /** Headers of impersonation. */
  readonly impersonate: Readonly<Record<string, string | readonly string[]>>
}

/** One way to reach one cluster. */
export interface Access {
  /** For messages: the context, or where else it comes from. */
  readonly name: string
  /** An http or https URL without a slash at its end. */
  readonly server: string
  readonly trust: Trust
  readonly proxy?: string
  /** Of the context; `default` without one. */
  readonly namespace: string
  readonly user: User
}

interface Entry {
  readonly value: Record<string, unknown>
  readonly from: KubeconfigText
}

interface Merged {
  readonly clusters: ReadonlyMap<string, Entry>
  readonly users: ReadonlyMap<string, Entry>
  readonly contexts: ReadonlyMap<string, Entry>
  readonly current: string | undefined
}

/** The access that `context` (default: the current one) stands for; undefined when the texts name no context at all. Throws KubeconfigError. */
export function accessOf(texts: readonly KubeconfigText[], context?: string): Access | undefined {
  const merged = merge(texts)
  const name = context ?? merged.current
  if (name === undefined) return undefined
  const found = merged.contexts.get(name)
  if (found === undefined) throw new KubeconfigError(`context "${name}" is in none of ${listed(texts)}`)
  const clusterName = text(found.value['cluster']) ?? ''
  const userName = text(found.value['user']) ?? ''
  const cluster = merged.clusters.get(clusterName)
  if (cluster === undefined)
    throw new KubeconfigError(`${found.from.file}: context "${name}" names cluster "${clusterName}", which is not there`)
  const user = merged.users.get(userName)
  if (user === undefined && userName !== '') {
    throw new KubeconfigError(`${found.from.file}: context "${name}" names user "${userName}", which is not there`)
  }
  const reached = clusterOf(clusterName, cluster)
  return {
    name,
    ...reached,
    namespace: text(found.value['namespace']) ?? 'default',
    user: user === undefined ? { name: '', impersonate: {} } : userOf(userName, user, cluster)
  }
}

// The first text that has a name keeps it, whole: entries of the same name are not mixed.
function merge(texts: readonly KubeconfigText[]): Merged {
  const [clusters, users, contexts] = [new Map<string, Entry>(), new Map<string, Entry>(), new Map<string, Entry>()]
  let current: string | undefined
  for (const from of texts) {
    const config = read(from)
    for (const [list, field, into] of [
      ['clusters', 'cluster', clusters],
      ['users', 'user', users],
      ['contexts', 'context', contexts]
    ] as const) {
      for (const [name, value] of named(from, config[list], { list, field })) if (!into.has(name)) into.set(name, { value, from })
    }
    current ??= text(config['current-context'])
  }
  return { clusters, users, contexts, current }
}

function read(from: KubeconfigText): Readonly<Record<string, unknown>> {
  const { objects, problems } = parseYaml(from.text)
  const wrong = problems.find(({ severity }) => severity === 'error')
  if (wrong !== undefined) throw new KubeconfigError(`${from.file}:${wrong.line}: ${wrong.message}`)
  const config = objects[0]?.value ?? {}
  const kind = config['kind']
  if (kind !== undefined && kind !== 'Config')
    throw new KubeconfigError(`${from.file}: is ${typeof kind === 'string' ? `a ${kind}` : 'something else'}, not a kubeconfig`)
  return config
}

function named(
  { file }: KubeconfigText,
  entries: unknown,
  { list, field }: { readonly list: string; readonly field: string }
): readonly (readonly [string, Record<string, unknown>])[] {
  if (entries === undefined || entries === null) return []
  if (!Array.isArray(entries)) throw new KubeconfigError(`${file}: ${list} must be a list`)
  return entries.flatMap((entry, index) => {
    const [name, value] = [text(dig(entry, 'name')), dig(entry, field)]
    if (name === undefined) throw new KubeconfigError(`${file}: ${list}[${index}] has no name`)
    return isObject(value) ? [[name, value] as const] : [[name, {}] as const]
  })
}

function clusterOf(name: string, { value, from }: Entry): Pick<Access, 'server' | 'trust' | 'proxy'> {
  const server = text(value['server']) ?? ''
  const url = URL.parse(server)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new KubeconfigError(`${from.file}: cluster "${name}" server "${server}" is not an http or https URL`)
  }
  const trust = trustOf(name, { value, from })
  const proxy = text(value['proxy-url'])
  if (proxy !== undefined && !/^https?:$/.test(URL.parse(proxy)?.protocol ?? '')) {
    throw new KubeconfigError(`${from.file}: cluster "${name}" proxy-url must be an http or https URL; SOCKS is not spoken`)
  }
  return { server: server.replace(/\/+$/, ''), trust, ...(proxy !== undefined && { proxy }) }
}

function trustOf(name: string, { value, from }: Entry): Trust {
  const authority = material(from, value, 'certificate-authority')
  const unchecked = value['insecure-skip-tls-verify'] === true
  if (unchecked && authority !== undefined) {
    throw new KubeconfigError(
      `${from.file}: cluster "${name}" has a certificate-authority and insecure-skip-tls-verify: leave out one of them`
    )
  }
  const serverName = text(value['tls-server-name'])
  return { unchecked, ...(authority && { authority }), ...(serverName !== undefined && { serverName }) }
}

function userOf(name: string, { value, from }: Entry, cluster: Entry): User {
  if (isObject(value['auth-provider'])) {
    throw new KubeconfigError(`${from.file}: user "${name}" has an auth-provider, which kubectl no longer takes either: use an exec plugin`)
  }
  const [certificate, key] = [material(from, value, 'client-certificate'), material(from, value, 'client-key')]
  if ((certificate === undefined) !== (key === undefined)) {
    throw new KubeconfigError(`${from.file}: user "${name}" needs both client-certificate and client-key`)
  }
  const tokenFile = text(value['tokenFile'])
  const token = text(value['token'])
  const username = text(value['username'])
  return {
    name,
    ...(certificate && { certificate }),
    ...(key && { key }),
    // The file wins over the value, as with client-go: it is the one that is kept fresh.
    ...(tokenFile !== undefined
      ? { token: { kind: 'file', path: pathIn(from, tokenFile) } as const }
      : token !== undefined && { token: { kind: 'value', value: token } as const }),
    ...(username !== undefined && { basic: { username, password: text(value['password']) ?? '' } }),
    ...(isObject(value['exec']) && { exec: pluginOf(name, from, value['exec'], cluster) }),
    impersonate: impersonation(value)
  }
}

function impersonation(user: Record<string, unknown>): User['impersonate'] {
  const extra = isObject(user['as-user-extra']) ? user['as-user-extra'] : {}
  const headers: Record<string, string | readonly string[]> = {}
  for (const [field, header] of [
    ['as', 'impersonate-user'],
    ['as-uid', 'impersonate-uid']
  ] as const) {
    const value = text(user[field])
    if (value !== undefined) headers[header] = value
  }
  const groups = texts(user['as-groups'])
  if (groups.length > 0) headers['impersonate-group'] = groups
  for (const [key, values] of Object.entries(extra)) headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = texts(values)
  return headers
}

const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

function pluginOf(user: string, from: KubeconfigText, exec: Record<string, unknown>, cluster: Entry): ExecPlugin {
  const apiVersion = text(exec['apiVersion']) ?? ''
  const command = text(exec['command'])
  if (!EXEC_VERSIONS.includes(apiVersion)) {
    throw new KubeconfigError(
      `${from.file}: user "${user}" exec.apiVersion must be one of ${EXEC_VERSIONS.join(', ')}, not "${apiVersion}"`
    )
  }
  if (command === undefined) throw new KubeconfigError(`${from.file}: user "${user}" exec.command is missing`)
  const list: readonly unknown[] = Array.isArray(exec['env']) ? exec['env'] : []
  const env = list.flatMap((pair) => {
    const [name, value] = [text(dig(pair, 'name')), dig(pair, 'value')]
    return name === undefined ? [] : [[name, typeof value === 'string' ? value : ''] as const]
  })
  const mode = exec['interactiveMode']
  const installHint = text(exec['installHint'])
  return {
    apiVersion,
    // A path with a slash is the text's own, a bare name is looked up as a shell does.
    command: command.includes('/') ? pathIn(from, command) : command,
    args: texts(exec['args']),
    env: Object.fromEntries(env),
    ...(installHint !== undefined && { installHint }),
    interactive: mode === 'Never' || mode === 'Always' ? mode : 'IfAvailable',
    ...(exec['provideClusterInfo'] === true && { cluster: clusterInfo(cluster) })
  }
}

// What a plugin is told of the cluster; files are read by the plugin's caller, so only their paths' content is left out here.
function clusterInfo({ value }: Entry): Readonly<Record<string, unknown>> {
  const kept = ['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority-data', 'proxy-url', 'disable-compression']
  const list: readonly unknown[] = Array.isArray(value['extensions']) ? value['extensions'] : []
  const config = dig(
    list.find((each) => dig(each, 'name') === 'client.authentication.k8s.io/exec'),
    'extension'
  )
  return {
    ...Object.fromEntries(kept.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]]]))),
    ...(config !== undefined && { config })
  }
}

/** `<field>-data`, base64, wins over the file that `<field>` names. */
function material(from: KubeconfigText, value: Record<string, unknown>, field: string): Material | undefined {
  const data = text(value[`${field}-data`])
  if (data !== undefined) return { kind: 'value', value: Buffer.from(data, 'base64').toString('utf8') }
  const path = text(value[field])
  return path === undefined ? undefined : { kind: 'file', path: pathIn(from, path) }
}

function pathIn({ folder }: KubeconfigText, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}

function listed(all: readonly KubeconfigText[]): string {
  return all.length === 0 ? 'no kubeconfig' : all.map(({ file }) => file).join(', ')
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
