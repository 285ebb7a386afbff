import { expect, test } from 'vitest'
import { causeText, duplicate, invalid, missing, notSupported } from './cause.ts'

test('causes are worded as the Kubernetes API server words them', () => {
  expect(causeText([missing('spec.hosts')])).toBe('spec.hosts: Required value')
  expect(missing('metadata.name', 'name or generateName is required').message).toBe('Required value: name or generateName is required')
  expect(causeText([invalid('spec.port', 0, 'must be between 1 and 65535, inclusive'), notSupported('dryRun', ['Some'], ['All'])])).toBe(
    '[spec.port: Invalid value: 0: must be between 1 and 65535, inclusive, dryRun: Unsupported value: ["Some"]: supported values: "All"]'
  )
  expect(duplicate('spec.ports[1].name', 'a').message).toBe('Duplicate value: "a"')
  expect(invalid('<nil>', null, 'x').message).toBe('Invalid value: null: x')
})
