import { expect, test } from 'vitest'
import { containerFaults } from './builtin-validate-pod.ts'

const faultsOf = (...containers: Record<string, unknown>[]): string[] =>
  containerFaults({ containers }, 'spec', new Set(['v'])).map((cause) => `${cause.field}: ${cause.message}`)

test.each<[string, Record<string, unknown>, string[]]>([
  ['nothing wrong', { ports: [{ name: 'http', containerPort: 80 }], volumeMounts: [{ name: 'v', mountPath: '/v' }] }, []],
  ['a port without number', { ports: [{ name: 'http' }] }, ['spec.containers[0].ports[0].containerPort: Required value']],
  ['a variable without name', { env: [{ value: 'x' }] }, ['spec.containers[0].env[0].name: Required value']],
  [
    'one path twice',
    {
      volumeMounts: [
        { name: 'v', mountPath: '/v' },
        { name: 'v', mountPath: '/v' }
      ]
    },
    ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique']
  ],
  [
    'a probe on port 0 with two successes',
    { livenessProbe: { httpGet: { port: 0 }, successThreshold: 2 } },
    [
      'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'
    ]
  ]
])('%s', (_, container, expected) => {
  expect(faultsOf({ name: 'c', image: 'web', ...container })).toEqual(expected)
})

test('names are unique over containers', () => {
  expect(faultsOf({ name: 'c', image: 'a' }, { name: 'c', image: 'b' })).toEqual(['spec.containers[1].name: Duplicate value: "c"'])
})
