import { expect, test } from 'vitest'
import { peerOf } from './peer.ts'

const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true }
const HASH = { 'pod-template-hash': '5d4f' }

test.each([
  [
    'of a Deployment',
    { labels: { ...HASH, app: 'web', version: 'v2' }, ownerReferences: [OWNER] },
    { workload: 'web', app: 'web', version: 'v2' }
  ],
  ['without labels', { labels: HASH, ownerReferences: [OWNER] }, { workload: 'web', app: 'unknown', version: 'unknown' }],
  ['of a ReplicaSet', { labels: {}, ownerReferences: [OWNER] }, { workload: 'web-5d4f', app: 'unknown', version: 'unknown' }],
  [
    'with canonical names',
    { labels: { app: 'web', 'app.kubernetes.io/name': 'shop', 'app.kubernetes.io/version': '2.1' } },
    { app: 'web', version: 'unknown', canonicalService: 'shop', canonicalRevision: '2.1' }
  ],
  [
    "with Istio's own",
    { labels: { 'service.istio.io/canonical-name': 'a', 'app.kubernetes.io/name': 'b', 'service.istio.io/canonical-revision': 'r' } },
    { canonicalService: 'a', canonicalRevision: 'r' }
  ],
  ['of another owner', { labels: HASH, ownerReferences: [{ ...OWNER, kind: 'Job' }] }, { workload: 'web-5d4f' }],
  ['on its own', {}, { workload: 'web-5d4f-abcde', app: 'unknown', version: 'unknown' }]
])('a pod %s', (_, metadata, expected) => {
  expect(peerOf({ metadata: { name: 'web-5d4f-abcde', namespace: 'shop', ...metadata } })).toMatchObject({ namespace: 'shop', ...expected })
})
