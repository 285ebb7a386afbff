import { describe, expect, it } from 'vitest'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { AUTOSCALERS, DAEMON_SETS, DEPLOYMENTS, PODS, REPLICA_SETS } from '../workload/meta.ts'
import { Neighbours } from './workload-neighbours.ts'

function neighbours(): { readonly seen: (resource: ResourceRef, object: KubeObject, previous?: KubeObject) => readonly string[] } {
  let touched: string[] = []
  const all = new Neighbours({ touch: (key) => touched.push(key) })
  return {
    seen: (resource, object, previous) => {
      touched = []
      all.seen(resource, { kind: previous === undefined ? 'added' : 'modified', object, previous })
      return touched
    }
  }
}

const object = (kind: string, name: string, change: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'test', ...change }
})
const ownedBy = (kind: string, name: string): object => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }]
})
const scaling = (name: string, target: string): KubeObject => ({
  ...object('HorizontalPodAutoscaler', name),
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target } }
})

describe('a change concerns', () => {
  it('the owner of a pod, by its kind', () => {
    const { seen } = neighbours()
    expect(seen(PODS, object('Pod', 'a', ownedBy('DaemonSet', 'agent')))).toEqual(['daemonsets/test/agent'])
    expect(seen(PODS, object('Pod', 'b', ownedBy('ReplicaSet', 'web')))).toEqual(['replicasets/test/web'])
    expect(seen(PODS, object('Pod', 'c', ownedBy('Job', 'once')))).toEqual([])
  })

  it('everything that may adopt, for a pod without an owner', () => {
    const { seen } = neighbours()
    seen(DAEMON_SETS, object('DaemonSet', 'agent'))
    seen(REPLICA_SETS, object('ReplicaSet', 'web'))
    expect(seen(PODS, object('Pod', 'a'))).toEqual(['replicasets/test/web', 'daemonsets/test/agent'])
  })

  it('the autoscalers of a Deployment, and no others, also after they turn to another', () => {
    const { seen } = neighbours()
    const first = scaling('one', 'web')
    expect(seen(AUTOSCALERS, first)).toEqual(['horizontalpodautoscalers/test/one'])
    expect(seen(DEPLOYMENTS, object('Deployment', 'web'))).toEqual(['deployments/test/web', 'horizontalpodautoscalers/test/one'])
    seen(AUTOSCALERS, scaling('one', 'api'), first)
    expect(seen(DEPLOYMENTS, object('Deployment', 'web'))).toEqual(['deployments/test/web'])
    expect(seen(DEPLOYMENTS, object('Deployment', 'api'))).toEqual(['deployments/test/api', 'horizontalpodautoscalers/test/one'])
  })
})
