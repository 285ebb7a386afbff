// Gateways for the same proxies that meet: one port and host in both, and one certificate in both, which makes browsers send requests for one
// host on a connection of the other (istio.md 7.6: IST0145, IST0138).

import { hasLabels } from '../api/label-selector.ts'
import type { Gateway, GatewayServer } from '../api/istio-gateway.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { keyOf } from '../route/mesh-config.ts'
import type { Mesh } from './mesh.ts'

/** Problems between Gateways. */
export function lintGatewayConflicts(mesh: Mesh): ObjectProblem[] {
  const { gateways } = mesh.config
  return gateways.flatMap((gateway) => {
    const others = gateways.filter((other) => other !== gateway)
    return [
      ...lintServers(
        gateway,
        others.filter((other) => shareProxies(mesh, gateway, other))
      ),
      ...lintCertificates(
        gateway,
        others.filter((other) => contains(gateway, other))
      )
    ]
  })
}

type Labels = Readonly<Record<string, string>>

function selectorOf({ spec }: Gateway): Labels {
  return spec.selector ?? {}
}

/** True when whatever the second selects the first selects too. */
function contains(wide: Gateway, narrow: Gateway): boolean {
  return hasLabels(selectorOf(narrow), selectorOf(wide))
}

/** The same selector, or one within the other and a pod that both select. */
function shareProxies(mesh: Mesh, a: Gateway, b: Gateway): boolean {
  if (contains(a, b) && contains(b, a)) return true
  if (!contains(a, b) && !contains(b, a)) return false
  return mesh.around.workloads().some(({ labels }) => hasLabels(labels, selectorOf(a)) && hasLabels(labels, selectorOf(b)))
}

function lintServers(gateway: Gateway, others: readonly Gateway[]): ObjectProblem[] {
  return (gateway.spec.servers ?? []).flatMap((server, index) => {
    const rivals = others.filter((other) => (other.spec.servers ?? []).some((each) => meet(server, each)))
    if (rivals.length === 0) return []
    const place = { object: referTo('Gateway', gateway), path: `spec.servers[${index}]` }
    return [problem('gateway-conflict', place, [server.port.number, server.hosts.join(', '), rivals.map(keyOf).join(', ')])]
  })
}

function meet(a: GatewayServer, b: GatewayServer): boolean {
  return a.port.number === b.port.number && (a.bind ?? '') === (b.bind ?? '') && a.hosts.some((host) => b.hosts.includes(host))
}

function lintCertificates(gateway: Gateway, others: readonly Gateway[]): ObjectProblem[] {
  return (gateway.spec.servers ?? []).flatMap((server, index) => {
    const own = certificateOf(server)
    const sharing = others.filter((other) => own !== undefined && (other.spec.servers ?? []).some((each) => certificateOf(each) === own))
    if (sharing.length === 0) return []
    const place = { object: referTo('Gateway', gateway), path: `spec.servers[${index}].tls` }
    return [problem('certificate-shared', place, [sharing.map(keyOf).join(', ')])]
  })
}

/** The name of its secret, or of its two files. */
function certificateOf({ tls }: GatewayServer): string | undefined {
  const { credentialName = '', serverCertificate = '', privateKey = '' } = tls ?? {}
  if (credentialName !== '') return credentialName
  return serverCertificate === '' || privateKey === '' ? undefined : `${serverCertificate} ${privateKey}`
}
