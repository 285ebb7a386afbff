// `serin history NAME`: the Releases of a Canary, the last ten, for people and programs.

import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { CANARY_LABEL, canaryLabel } from '../rollout/release.ts'
import { RESOURCES } from '../objects/write.ts'
import { releasesOf } from './release-facts.ts'
import { historyTable } from './release-view.ts'
import { EXIT, notFound } from './rollout-end.ts'
import type { HistoryOptions } from './rollout-options.ts'
import type { RolloutIo } from './rollout-status.ts'
import { dataText } from './rollout-view.ts'

/** Shows the history; resolves with the exit status. Rejects with what `failureOf` knows. */
export async function showHistory({ name, output }: HistoryOptions, io: RolloutIo): Promise<number> {
  const { client, namespace = 'default', signal } = io
  const canary = await client.get({ ...RESOURCES.canaries, name, namespace }, { signal })
  if (canary === undefined) throw notFound(namespace, name)
  const releases = releasesOf(canary, await readReleases(canary, io))
  if (output === 'json' || output === 'yaml') io.print([{ text: dataText(releases, output), tone: 'plain' }])
  else if (releases.length === 0) io.complain(`canary ${name} has released nothing yet`)
  else io.print(historyTable(releases, io.clock.now(), output === 'wide' ? 'wide' : 'narrow'))
  return EXIT.done
}

/** The Releases labelled with a Canary's name; none where the cluster does not know them, or does not show them to the caller. */
export async function readReleases(canary: KubeObject, { client, signal }: RolloutIo): Promise<readonly KubeObject[]> {
  const { name = '', namespace = '' } = canary.metadata
  const labelSelector = `${CANARY_LABEL}=${canaryLabel(name)}`
  const list = await unlessUnread(client.list({ ...RESOURCES.releases, namespace, labelSelector }, { signal }))
  return list?.items ?? []
}

// Forbidden, or not served.
const UNREAD: readonly number[] = [400, 403, 404]

/** What was asked for; undefined where the cluster does not know it, or does not show it to the caller. */
export function unlessUnread<T>(asked: Promise<T | undefined>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof ApiError && UNREAD.includes(error.status)) return undefined
    throw error
  })
}
