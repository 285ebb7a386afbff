// The cluster that a command of a rollout is for: a client by the kubeconfig, and the namespace.

import { join } from 'node:path'
import { HttpClient } from '../remote/http-client.ts'
import { findAccess, homeConfig } from '../remote/kubeconfig-files.ts'
import type { Clock } from '../std/clock.ts'
import type { ClusterOptions } from './rollout-options.ts'
import { ownVersion } from './version.ts'

/** A cluster that commands are for. `close` ends its connections. */
export interface Cluster {
  readonly client: HttpClient
  /** undefined: all. */
  readonly namespace: string | undefined
  close(): Promise<void>
}

/** Finds the cluster; nothing is sent yet. Throws KubeconfigError. */
export function clusterOf(
  { kubeconfig, context, namespace, scope, defaults }: ClusterOptions,
  clock: Clock,
  warn: (text: string) => void
): Cluster {
  const access = findAccess({
    env: process.env,
    defaults: defaults === 'serin' ? [join('.serin', 'kubeconfig'), homeConfig()] : [homeConfig()],
    ...(kubeconfig !== undefined && { file: kubeconfig }),
    ...(context !== undefined && { context })
  })
  const client = new HttpClient({ access, clock, userAgent: `serin/${ownVersion()}`, onWarning: warn })
  return { client, namespace: scope === 'all' ? undefined : (namespace ?? access.namespace), close: () => client.close() }
}
