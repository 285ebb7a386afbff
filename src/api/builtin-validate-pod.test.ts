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
  ],
  [
    'a variable with an equals sign',
    { env: [{ name: 'a=b' }] },
    [
      `spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`
    ]
  ],
  [
    'a key that is not named',
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x' } } }] },
    ['spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value']
  ],
  [
    'variables from nowhere',
    { envFrom: [{}] },
    ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']
  ],
  [
    'a hook without action',
    { lifecycle: { preStop: {} } },
    ['spec.containers[0].lifecycle.preStop: Required value: must specify a handler type']
  ],
  [
    'a probe that runs nothing',
    { readinessProbe: { exec: { command: [] } } },
    ['spec.containers[0].readinessProbe.exec.command: Required value']
  ],
  [
    'an image with blanks',
    { image: ' web ' },
    ['spec.containers[0].image: Invalid value: " web ": must not have leading or trailing whitespace']
  ],
  [
    'one port of the node twice',
    {
      ports: [
        { containerPort: 80, hostPort: 81 },
        { containerPort: 82, hostPort: 81 }
      ]
    },
    ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//81"']
  ],
  ['one port of the container twice', { ports: [{ containerPort: 80 }, { containerPort: 80 }] }, []]
])('%s', (_, container, expected) => {
  expect(faultsOf({ name: 'c', image: 'web', ...container })).toEqual(expected)
})

test('names are unique over containers', () => {
  expect(faultsOf({ name: 'c', image: 'a' }, { name: 'c', image: 'b' })).toEqual(['spec.containers[1].name: Duplicate value: "c"'])
})

test('names that a pod gives are labels and subdomains', () => {
  const spec = { containers: [{ name: 'c', image: 'a' }], hostname: 'A', serviceAccountName: 'A_', nodeSelector: { 'a b': 'c' } }
  expect(containerFaults(spec, 'spec', new Set()).map((cause) => cause.field)).toEqual([
    'spec.nodeSelector',
    'spec.hostname',
    'spec.serviceAccountName'
  ])
})
