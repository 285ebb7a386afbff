import { expect, test } from 'vitest'
import { prune } from './prune.ts'
import { releaseKind } from './serin-kinds.ts'
import { validate } from './validate.ts'

const schema = releaseKind.versions[0]?.schema ?? {}
const release = {
  apiVersion: 'serin.dev/v1alpha1',
  kind: 'Release',
  metadata: { name: 'api-1' },
  spec: { canary: 'api', target: 'Deployment/api', revision: 's1-a', stages: ['20 %'] },
  status: { outcome: 'failed', checks: [{ at: '2026-01-01T00:00:00Z', check: 'x', outcome: 'fail', count: 2 }] }
}

test('a Release as the rollout writes it is valid, and nothing of it is pruned', () => {
  expect(validate(schema, release)).toEqual([])
  expect(prune(schema, release)).toEqual(release)
})

test('an outcome that there is not is refused', () => {
  expect(validate(schema, { ...release, status: { outcome: 'perhaps' } })[0]).toMatchObject({ field: 'status.outcome' })
})
