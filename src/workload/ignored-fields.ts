// Fields of a pod that are stored but have no effect on a local process: what is not in the tables below is named, never silently dropped.

import { ACTED, each, inside, only, type Treatment, unactedFields } from '../api/acted-on.ts'
import { isObject } from '../std/json.ts'
import type { PodSpec } from '../api/builtin-types-pod.ts'

const idle = (reason: string): Treatment => ({ idle: reason })

const PROBE: Treatment = inside({
  ...each('exec', 'httpGet', 'tcpSocket', 'initialDelaySeconds', 'timeoutSeconds', 'periodSeconds'),
  ...each('successThreshold', 'failureThreshold', 'terminationGracePeriodSeconds'),
  grpc: only(() => false, 'probes of kind grpc')
})

const CONTAINER_FIELDS: Readonly<Record<string, Treatment>> = {
  ...each('name', 'image', 'command', 'args', 'workingDir', 'envFrom'),
  readinessProbe: PROBE,
  livenessProbe: PROBE,
  startupProbe: PROBE,
  lifecycle: inside({ postStart: ACTED, preStop: ACTED }),
  ports: inside({
    ...each('name', 'containerPort', 'protocol'),
    hostIP: only(() => false, 'ports.hostIP'),
    hostPort: only(() => false, 'ports.hostPort')
  }),
  env: inside({
    ...each('name', 'value'),
    valueFrom: inside({
      ...each('fieldRef', 'configMapKeyRef', 'secretKeyRef'),
      resourceFieldRef: only(() => false, 'env.valueFrom.resourceFieldRef')
    })
  }),
  volumeMounts: only(() => false, 'volumeMounts (the folder of volume NAME is in $VOLUME_NAME)'),
  imagePullPolicy: idle('nothing is pulled'),
  terminationMessagePath: only((path) => path === '/dev/termination-log'),
  terminationMessagePolicy: only((policy) => policy === 'File'),
  resources: only(isEmpty),
  securityContext: only(isEmpty)
}
const CONTAINER: Treatment = inside(CONTAINER_FIELDS)

const FILES: Treatment = inside({ ...each('name', 'secretName', 'optional', 'items'), defaultMode: only((mode) => mode === 0o644) })
const VOLUME: Treatment = inside({ name: ACTED, configMap: FILES, secret: FILES, emptyDir: ACTED })

const POD: Treatment = inside({
  ...each('containers', 'initContainers', 'restartPolicy', 'terminationGracePeriodSeconds', 'enableServiceLinks'),
  ...each('nodeName', 'serviceAccountName', 'serviceAccount', 'volumes'),
  // What the API itself fills in, and what there being one node decides.
  dnsPolicy: only((policy) => policy === 'ClusterFirst'),
  schedulerName: only((name) => name === 'default-scheduler'),
  preemptionPolicy: only((policy) => policy === 'PreemptLowerPriority'),
  priority: only((priority) => priority === 0),
  tolerations: idle('the one node has no taints'),
  securityContext: only(isEmpty),
  affinity: only(isEmpty)
})

// An init container that goes on running beside the others is not known here.
const INIT: Treatment = inside({ ...CONTAINER_FIELDS, restartPolicy: only(() => false, 'initContainers.restartPolicy') })

/** What is set in the spec and ignored, sorted, each name once: `resources`, `volumes.hostPath`, ... */
export function ignoredFields(spec: PodSpec): string[] {
  const found = [
    ...unactedFields(POD, spec, ''),
    ...unactedFields(CONTAINER, spec.containers, ''),
    ...unactedFields(INIT, spec.initContainers, ''),
    ...unactedFields(VOLUME, spec.volumes, 'volumes').map(({ path }) => ({ field: `volumes.${path.slice(path.indexOf('.') + 1)}` }))
  ]
  return [...new Set(found.map(({ field }) => field))].sort()
}

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0
}
