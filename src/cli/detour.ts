// How a URL that names a Service is called: through the mesh, when every address that this may lead to is one that may be called.

import type { KubeObject } from '../api/object.ts'
import type { Detour } from '../remote/http-exchange.ts'
import { dig } from '../std/json.ts'
import { SHELL } from './listeners.ts'
import { HOST } from './ports.ts'

/** What of the mesh is asked. */
export interface DetourMesh {
  portOf(id: string): number | undefined
  objects(): readonly KubeObject[]
  /** Addresses that requests to a host may come to. */
  addressesBehind(host: string): ReadonlySet<string>
}

/** Names of Services, in full or short, are reached through the mesh; other hosts are dialled. Addresses of pods are the mesh's own. */
export function detourOf(host: string, namespace: string, mesh: DetourMesh): Detour | undefined {
  const port = mesh.portOf(SHELL)
  if (port === undefined) return undefined
  const [name = '', of = namespace, ...rest] = host.split('.')
  if (rest.length > 0 && !['svc', 'svc.cluster.local'].includes(rest.join('.'))) return undefined
  const objects = mesh.objects()
  if (!objects.some(({ kind, metadata }) => kind === 'Service' && metadata.name === name && metadata.namespace === of)) return undefined
  const target = `${name}.${of}.svc.cluster.local`
  const pods = new Set(objects.flatMap((object) => (object.kind === 'Pod' ? [dig(object, 'status', 'podIP')] : [])))
  // A pod's status is no proof of its own: only addresses that pods get here are taken for theirs.
  const behind = [...mesh.addressesBehind(target)].filter((address) => !(address.startsWith('127.') && pods.has(address)))
  return { proxy: `http://${HOST}:${port}`, host: target, isOwn: true, behind }
}
