// Gateways that do not exist or do not serve the hosts bound to them, and hosts that two VirtualServices claim (istio.md 7.6, 9.10, 9.12).

import type { Gateway } from '../api/istio-gateway.ts'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { byAge, gatewaysOf, intersectHosts, isVisible, keyOf, namespaceOf, resolveHost } from '../route/mesh-config.ts'
import type { Mesh } from './mesh.ts'

/** Problems of the gateways and hosts of VirtualServices. */
export function lintHosts(mesh: Mesh): ObjectProblem[] {
  return [...mesh.config.virtualServices.flatMap((virtualService) => lintGateways(mesh, virtualService)), ...conflicts(mesh)]
}

function lintGateways(mesh: Mesh, virtualService: VirtualService): ObjectProblem[] {
  const object = referTo('VirtualService', virtualService)
  return gatewaysOf(virtualService).flatMap((name, index) => {
    if (name === 'mesh') return []
    const place = { object, path: `spec.gateways[${index}]` }
    const gateway = mesh.config.gateways.find((each) => keyOf(each) === name)
    if (gateway === undefined) return [problem('gateway-not-found', place, [name, knownGateways(mesh)])]
    return lintGatewayHosts(virtualService, gateway).map((args) => problem('gateway-host-mismatch', place, args))
  })
}

function knownGateways(mesh: Mesh): string {
  const names = mesh.config.gateways.map(keyOf)
  return names.length === 0 ? 'there are no Gateways' : `known: ${names.join(', ')}`
}

function lintGatewayHosts(virtualService: VirtualService, gateway: Gateway): string[][] {
  const namespace = namespaceOf(virtualService)
  const served = (gateway.spec.servers ?? []).flatMap(({ hosts }) => hosts)
  const hosts = (virtualService.spec.hosts ?? []).map((host) => resolveHost(host, namespace))
  const meets = served.some((entry) => {
    const slash = entry.indexOf('/')
    const admitted = slash < 0 ? '*' : entry.slice(0, slash)
    if (admitted !== '*' && (admitted === '.' ? namespaceOf(gateway) : admitted) !== namespace) return false
    return hosts.some((host) => intersectHosts(entry.slice(slash + 1).toLowerCase(), host) !== undefined)
  })
  return meets ? [] : [[hosts.join(', '), keyOf(gateway), served.join(', ')]]
}

/** A mesh host of two VirtualServices that some namespace sees both of: the older owns it, the younger is told. */
function conflicts(mesh: Mesh): ObjectProblem[] {
  const owners = new Map<string, VirtualService[]>()
  const problems: ObjectProblem[] = []
  for (const virtualService of mesh.config.virtualServices.toSorted(byAge)) {
    if (!gatewaysOf(virtualService).includes('mesh') || virtualService.spec.http === undefined) continue
    for (const [index, written] of (virtualService.spec.hosts ?? []).entries()) {
      const host = resolveHost(written, namespaceOf(virtualService))
      const earlier = owners.get(host) ?? []
      const rival = earlier.find((other) => shareViewer(other, virtualService))
      owners.set(host, [...earlier, virtualService])
      if (rival === undefined) continue
      const place = { object: referTo('VirtualService', virtualService), path: `spec.hosts[${index}]` }
      problems.push(problem('host-conflict', place, [host, keyOf(rival), keyOf(rival)]))
    }
  }
  return problems
}

function shareViewer(a: VirtualService, b: VirtualService): boolean {
  const named = [...(a.spec.exportTo ?? []), ...(b.spec.exportTo ?? [])].filter((entry) => /^[a-z0-9]/.test(entry))
  return [namespaceOf(a), namespaceOf(b), ...named].some((viewer) => sees(a, viewer) && sees(b, viewer))
}

function sees(virtualService: VirtualService, viewer: string): boolean {
  return isVisible(virtualService.spec.exportTo, namespaceOf(virtualService), viewer)
}
