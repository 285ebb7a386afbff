// Names of hosts, namespaces and gateways, as Istio's admission check judges them (istio.md 7.0), and how hosts with a star relate.

import { caution, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { hasFormat } from './string-format.ts'

const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/
const FIRST_LABEL = /^(\*|(\*|\*-)?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)$/
const LABEL_MAX = 63
const NAME_MAX = 255

/** At most 63 letters, digits and hyphens, no hyphen at an end. */
export function isDnsLabel(text: string): boolean {
  return text.length <= LABEL_MAX && LABEL.test(text)
}

/** An address of version 4 or 6. */
export function isIpAddress(text: string): boolean {
  return hasFormat('ipv4', text) || hasFormat('ipv6', text)
}

/** An address, or a range of addresses such as 10.0.0.0/8. */
export function isAddressOrRange(text: string): boolean {
  return isIpAddress(text) || hasFormat('cidr', text)
}

/** Why `name` is no full name of a host, without a star; undefined when it is one. */
export function nameProblem(name: string): string | undefined {
  return lengthProblem(name) ?? labelsProblem(name, name)
}

/** Why `domain` is neither a name of a host nor one whose first label has a star in front; undefined when it is. */
export function domainProblem(domain: string): string | undefined {
  const wrong = lengthProblem(domain)
  if (wrong !== undefined) return wrong
  const dot = domain.indexOf('.')
  const first = dot < 0 ? domain : domain.slice(0, dot)
  if (!FIRST_LABEL.test(first) || first.length > LABEL_MAX) return badLabel(domain, first)
  return dot < 0 ? undefined : labelsProblem(domain, domain.slice(dot + 1))
}

function lengthProblem(name: string): string | undefined {
  if (name.length > NAME_MAX) return `domain name "${name}" too long (max ${NAME_MAX})`
  return name === '' ? 'empty domain name not allowed' : undefined
}

function labelsProblem(name: string, labels: string): string | undefined {
  const parts = labels.split('.')
  const last = parts.at(-1) ?? ''
  if (/^[+-]?\d+$/.test(last)) return `domain name "${name}" invalid (top level domain "${last}" cannot be all-numeric)`
  const bad = parts.find((label, index) => !isDnsLabel(label) && !(label === '' && index > 0 && index === parts.length - 1))
  return bad === undefined ? undefined : badLabel(name, bad)
}

function badLabel(name: string, label: string): string {
  return `domain name "${name}" invalid (label "${label}" invalid)`
}

/** A name of a host, in full. */
export function checkName(name: string, path: string): IstioFault[] {
  const wrong = nameProblem(name)
  return wrong === undefined ? [] : [refusal(path, wrong)]
}

/** A name of a host, in full or with a star in its first label. */
export function checkDomain(domain: string, path: string): IstioFault[] {
  const wrong = domainProblem(domain)
  return wrong === undefined ? [] : [refusal(path, wrong)]
}

/** A namespace in a list of them. */
export function checkNamespaceName(namespace: string, path: string): IstioFault[] {
  return refuseIf(!isDnsLabel(namespace), path, `only ".", "*", "~" or a namespace is allowed, not "${namespace}"`)
}

/** Gateways that rules apply to. Istio looks no further than the first name without a namespace, and neither is more refused here. */
export function checkGatewayNames(names: readonly string[] | undefined, path: string): IstioFault[] {
  const faults: IstioFault[] = []
  for (const [index, name] of (names ?? []).entries()) {
    const at = `${path}[${index}]`
    const slash = name.indexOf('/')
    if (slash < 0) return [...faults, ...checkPlainGateway(name, at)]
    faults.push(...checkPlacedGateway(name.slice(0, slash), name.slice(slash + 1), at))
  }
  return faults
}

function checkPlainGateway(name: string, path: string): IstioFault[] {
  const [first = '', second] = name.split('.')
  const legacy = `using legacy gatewayname format "${name}"; prefer the <namespace>/<name> format: "${second}/${first}"`
  return [...(second === undefined ? [] : [caution(path, legacy)]), ...checkName(name, path)]
}

function checkPlacedGateway(namespace: string, name: string, path: string): IstioFault[] {
  if (namespace === '' || name === '') return [refusal(path, 'config namespace and gateway name cannot be empty')]
  return [
    ...refuseIf(!isDnsLabel(namespace), path, `invalid value for namespace: "${namespace}"`),
    ...refuseIf(!isDnsLabel(name), path, `invalid value for gateway name: "${name}"`)
  ]
}

/** True when some host is named by both: one, or the part behind its star, ends with the other's. */
export function hostsOverlap(a: string, b: string): boolean {
  return isSubsetOf(a, b) || isSubsetOf(b, a)
}

/** True when every host that `inner` names is named by `outer` too. */
export function isSubsetOf(inner: string, outer: string): boolean {
  if (!outer.startsWith('*')) return inner === outer
  const rest = inner.startsWith('*') ? inner.slice(1) : inner
  return rest.endsWith(outer.slice(1))
}
