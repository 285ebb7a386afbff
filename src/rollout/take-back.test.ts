import { expect, test } from 'vitest'
import { clusterOf, deploymentOf, READY, tickOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { takeBack } from './take-back.ts'

const primary = (pods: number, type = 'RollingUpdate'): KubeObject => ({
  ...deploymentOf('api:1', 'api-primary', { strategy: { type } }),
  status: { ...READY, availableReplicas: pods }
})
const canary = (pods: number): KubeObject => ({ ...deploymentOf('api:2'), status: { ...READY, availableReplicas: pods } })

test.each<readonly [string, KubeObject, KubeObject, readonly [weight: number, replicas: string]]>([
  ['goes to the primary while it has pods', primary(2), canary(2), [0, 'zero']],
  ['stays with the canary while the primary has none', primary(0), canary(2), [100, 'keep']],
  ['stays with the canary where all pods of the primary end first', primary(2, 'Recreate'), canary(2), [100, 'keep']],
  ['goes to the primary where there are no others', primary(0), canary(0), [0, 'zero']]
])('traffic %s, and the primary is restored', (_, object, target, [weight, canaryReplicas]) => {
  const tick = { ...tickOf({ kind: 'take-back' }), cluster: clusterOf({ primary: object, target }) }
  expect(takeBack(tick)).toMatchObject({
    state: { phase: 'failed', applied: 'a', promoted: 'b', weight, because: 'annotation flagger.app/rollback=true' },
    primarySpec: 'restore',
    canaryReplicas
  })
})
