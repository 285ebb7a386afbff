import { expect, test } from 'vitest'
import { ignoredFields } from './ignored-fields.ts'
import type { PodSpec } from '../api/builtin-types-pod.ts'

// Objects as the API gives them have more fields than these types.
const ignored = (spec: object): string[] => ignoredFields(spec as PodSpec)

test('set fields without effect are named once, empty ones not at all', () => {
  const container = { name: 'a', image: 'a', resources: { limits: { cpu: '1' } } }
  expect(
    ignored({
      containers: [container, { ...container, name: 'b', securityContext: {} }],
      initContainers: [{ name: 'c', tty: true }],
      tolerations: [{ key: 'a', operator: 'Exists' }],
      securityContext: {},
      affinity: { nodeAffinity: {} },
      activeDeadlineSeconds: 5,
      volumes: [
        { name: 'v', hostPath: { path: '/' } },
        { name: 'w', emptyDir: {} }
      ]
    })
  ).toEqual(['activeDeadlineSeconds', 'affinity', 'resources', 'tty', 'volumes.hostPath'])
})

test('fields inside containers and volumes are named with what they belong to', () => {
  const probe = { grpc: { port: 1 }, periodSeconds: 1 }
  const env = [{ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }]
  const ports = [{ containerPort: 80, hostPort: 80 }]
  const volumeMounts = [{ name: 'conf', mountPath: '/etc/conf' }]
  const container = {
    name: 'a',
    image: 'a',
    env,
    ports,
    volumeMounts,
    livenessProbe: probe,
    terminationMessagePolicy: 'FallbackToLogsOnError'
  }
  const volumes = [{ name: 'conf', configMap: { name: 'conf', defaultMode: 0o400 } }]
  expect(ignored({ containers: [container], initContainers: [{ name: 'b', restartPolicy: 'Always' }], volumes })).toEqual([
    'env.valueFrom.resourceFieldRef',
    'initContainers.restartPolicy',
    'ports.hostPort',
    'probes of kind grpc',
    'terminationMessagePolicy',
    'volumeMounts (the folder of volume NAME is in $VOLUME_NAME)',
    'volumes.configMap.defaultMode'
  ])
})

test('a pod as the API fills it in has nothing to be named', () => {
  const container = {
    name: 'a',
    image: 'a',
    imagePullPolicy: 'Always',
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    readinessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, periodSeconds: 10, failureThreshold: 3 }
  }
  const filled = { dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', restartPolicy: 'Always', securityContext: {} }
  const more = { terminationGracePeriodSeconds: 30, enableServiceLinks: true, preemptionPolicy: 'PreemptLowerPriority', priority: 0 }
  expect(ignored({ ...filled, ...more, containers: [container], volumes: [{ name: 'c', secret: { defaultMode: 0o644 } }] })).toEqual([])
})
