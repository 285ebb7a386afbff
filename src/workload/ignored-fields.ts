// Fields of a pod that are stored but have no effect on a local process: named once per template, never silently dropped.

import { isObject } from '../std/json.ts'
import type { PodSpec } from './objects.ts'

// Not among them: tolerations. The one node has no taints, so bearing some is always fulfilled, and the API adds two to every pod.
const OF_POD = [
  'affinity',
  'dnsConfig',
  'ephemeralContainers',
  'hostAliases',
  'hostNetwork',
  'imagePullSecrets',
  'nodeSelector',
  'priorityClassName',
  'readinessGates',
  'runtimeClassName',
  'securityContext',
  'topologySpreadConstraints'
]
const OF_CONTAINER = ['resources', 'securityContext', 'volumeDevices', 'stdin', 'tty']
const VOLUMES = ['name', 'configMap', 'secret', 'emptyDir']

/** Field names that are set in the spec and ignored, sorted, each once: `resources`, `volumes.hostPath`, ... Empty values do not count. */
export function ignoredFields(spec: PodSpec): string[] {
  const found = new Set(OF_POD.filter((field) => isSet(spec[field])))
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const field of OF_CONTAINER) if (isSet(container[field])) found.add(field)
  }
  for (const volume of spec.volumes ?? []) {
    for (const [field, value] of Object.entries(volume)) if (!VOLUMES.includes(field) && isSet(value)) found.add(`volumes.${field}`)
  }
  return [...found].sort()
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  if (Array.isArray(value)) return value.length > 0
  return !isObject(value) || Object.keys(value).length > 0
}
