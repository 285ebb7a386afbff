import { expect, test } from 'vitest'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { unservedText } from './unserved.ts'

test.each([
  ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'write a VirtualService of networking.istio.io instead, which is routed here'],
  ['gateway.networking.k8s.io/v1', 'Gateway', 'write a Gateway of networking.istio.io instead, which is served here'],
  ['flagger.app/v1alpha3', 'Canary', 'it is in flagger.app/v1beta1: write that as its apiVersion'],
  ['argoproj.io/v1alpha1', 'Rollout', 'serin convert turns it into a Canary'],
  ['argoproj.io/v1alpha1', 'Workflow', 'not looked at'],
  ['batch/v1', 'CronJob', 'it is not run here: run its command in a shell, or as a Pod'],
  ['v1', 'Node', 'not looked at'],
  ['constructor/v1', 'toString', 'not looked at']
])('of a %s %s it is told: %s %s', (apiVersion, kind, advice) => {
  expect(unservedText(apiVersion, kind, FLAGGER_KINDS)).toBe(`${kind} in ${apiVersion} is not a kind known here: ${advice}`)
})
