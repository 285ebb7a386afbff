// Carries out what reconciling concluded, in order, through a KubeClient. A conflict or a missing object ends the round: the next look
// starts from what is there.

import { ApiError, type CallOptions, type KubeClient, type ObjectKey } from '../kube/kube-client.ts'
import type { Write, WriteTarget } from '../workload/write.ts'

/** Applies the writes; rejects with the first ApiError that is not the expected end of a race. */
export async function applyWrites(client: KubeClient, writes: readonly Write[], options: CallOptions): Promise<void> {
  for (const write of writes) await applyWrite(client, write, options)
}

async function applyWrite(client: KubeClient, write: Write, options: CallOptions): Promise<void> {
  switch (write.kind) {
    case 'create':
      await client.create(write.resource, write.object, options)
      return
    case 'patch':
      await client.patch(keyOf(write.target), { kind: 'merge', body: guarded(write.target, write.body) }, options)
      return
    case 'patch-status': {
      const body = guarded(write.target, { status: write.status })
      await client.patch(keyOf(write.target), { kind: 'merge', body }, { ...options, subresource: 'status' })
      return
    }
    case 'delete':
      await deleteOnce(client, write.target, options)
  }
}

// Somebody else may have deleted it first.
async function deleteOnce(client: KubeClient, target: WriteTarget, options: CallOptions): Promise<void> {
  try {
    await client.delete(keyOf(target), { ...options, uid: target.uid })
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error
  }
}

function keyOf(target: WriteTarget): ObjectKey {
  return { group: target.group, version: target.version, resource: target.resource, namespace: target.namespace, name: target.name }
}

function guarded(target: WriteTarget, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = body['metadata']
  const metadata = {
    ...(typeof given === 'object' ? given : {}),
    uid: target.uid,
    ...(target.resourceVersion === undefined ? {} : { resourceVersion: target.resourceVersion })
  }
  return { ...body, metadata }
}
