// Ports of the target's containers that its Services open beside the one that is named (flagger.md 1.3, portDiscovery).

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, listAt } from '../std/json.ts'

/** Containers of the mesh are nobody's application. */
const SIDECARS: readonly unknown[] = ['istio-proxy', 'envoy']

/** The ports, in the order of containers and of their lists; none unless `service` wants them discovered. */
export function discoveredPorts(service: unknown, target: KubeObject): readonly Readonly<Record<string, unknown>>[] {
  if (dig(service, 'portDiscovery') !== true) return []
  const known: unknown[] = [dig(service, 'port'), dig(service, 'targetPort')]
  return listAt(target, 'spec', 'template', 'spec', 'containers').flatMap((container) => {
    const [name, ports] = [dig(container, 'name'), dig(container, 'ports')]
    if (!Array.isArray(ports) || SIDECARS.includes(name)) return []
    return ports.filter(isObject).flatMap((port, index) => {
      const number = port['containerPort']
      if (known.includes(number) || (port['name'] !== undefined && known.includes(port['name']))) return []
      known.push(number)
      return [{ name: port['name'] ?? `tcp-${String(name)}-${index}`, protocol: 'TCP', port: number, targetPort: number }]
    })
  })
}
