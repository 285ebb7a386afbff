// The pods of an application as the API says them to be.

import { dig } from '../../src/std/json.ts'
import type { Api } from './api.ts'
import { until } from './run.ts'

/** What tests ask of a pod of one container. */
export interface PodView {
  readonly name: string
  readonly ip: string
  readonly restarts: number
  readonly ready: boolean
}

/** The pods with this label `app` in the namespace default, by name. */
export async function podsOf(api: Api, app: string): Promise<PodView[]> {
  const items = await api.list(`/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`)
  return items
    .map((pod) => {
      const statuses = dig(pod, 'status', 'containerStatuses')
      const container: unknown = Array.isArray(statuses) ? statuses[0] : undefined
      return {
        name: pod.metadata.name ?? '',
        ip: String(dig(pod, 'status', 'podIP')),
        restarts: Number(dig(container, 'restartCount') ?? 0),
        ready: dig(container, 'ready') === true
      }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Waits until there are `count` pods and all are ready. */
export function readyPods(api: Api, app: string, count: number): Promise<PodView[]> {
  return until(`${count} pods of ${app} are there and ready`, async () => {
    const all = await podsOf(api, app)
    return all.length === count && all.every(({ ready }) => ready) && all
  })
}
