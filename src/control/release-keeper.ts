// Keeps the Releases of Canaries: writes what a tick adds, and deletes the oldest. A history that cannot be written stops no rollout.

import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { CANARY_LABEL, type Note, noted, superfluous } from '../rollout/release.ts'
import { RESOURCES } from '../objects/write.ts'
import { sameJson } from '../std/json.ts'
import type { RolloutPorts } from './rollout-ports.ts'

/** Writes the notes of one tick, in order. Rejects only for what is no answer of the API. */
export async function keepReleases(ports: RolloutPorts, notes: readonly Note[], signal: AbortSignal): Promise<void> {
  for (const note of notes) {
    try {
      await keepAnyway(ports, note, signal)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // On a cluster without the definition of the kind nothing is kept, which its operator knows.
      if (error.status !== 404) ports.log(`release ${note.namespace}/${note.name}: ${error.message}`)
    }
  }
}

const TRIES = 3

// The gate writes what it knows into the same object, when it knows it.
async function keepAnyway(ports: RolloutPorts, note: Note, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await keep(ports, note, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries === TRIES) throw error
    }
  }
}

async function keep({ client }: RolloutPorts, note: Note, signal: AbortSignal): Promise<void> {
  const { namespace, name } = note
  const live = await client.get({ ...RESOURCES.releases, namespace, name }, { signal })
  const next = noted(live, note)
  if (live === undefined && note.mends) return
  if (live !== undefined) {
    if (!sameJson(live, next)) await client.update(RESOURCES.releases, next, { signal })
    return
  }
  await client.create(RESOURCES.releases, next, { signal })
  const labelSelector = `${CANARY_LABEL}=${next.metadata.labels?.[CANARY_LABEL] ?? ''}`
  const { items } = await client.list({ ...RESOURCES.releases, namespace, labelSelector }, { signal })
  for (const { metadata } of superfluous(
    items.filter((release) => isOf(release, note)),
    name
  )) {
    await client.delete({ ...RESOURCES.releases, namespace, name: metadata.name ?? '' }, { signal })
  }
}

// Names of Canaries may be longer than labels.
function isOf(release: KubeObject, { canary }: Note): boolean {
  return (release.metadata.ownerReferences ?? []).some(({ uid }) => uid === canary.metadata.uid)
}
