// One HTTP rule of a VirtualService, as Istio's admission check judges it (istio.md 7.1): its action, and that no two actions meet. What the
// actions carry (faults, CORS, retries, ...) is in istio-action-checks.ts.

import {
  checkCors,
  checkDirectResponse,
  checkFault,
  checkMirrors,
  checkRedirect,
  checkRetries,
  checkRewrite
} from './istio-action-checks.ts'
import type { Destination } from './istio-common.ts'
import { each, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { checkHeaders } from './istio-header-checks.ts'
import { domainProblem, isDnsLabel } from './istio-host-checks.ts'
import { checkMatches } from './istio-match-checks.ts'
import { checkDuration, checkPortSelector } from './istio-value-checks.ts'
import type { HttpRoute, HttpRouteDestination, StreamDestination } from './istio-virtual-service.ts'

/** What is wrong in a rule. Rules of a delegate may not delegate on. */
export function checkHttpRoute(rule: HttpRoute, path: string, owner: 'delegate' | 'root'): IstioFault[] {
  return [
    ...checkAction(rule, path, owner),
    ...checkMatches(rule.match, path),
    ...checkHeaders(rule.headers, `${path}.headers`),
    ...checkAuthority(rule, path),
    ...checkCors(rule.corsPolicy, `${path}.corsPolicy`),
    ...checkFault(rule.fault, `${path}.fault`),
    ...checkMirrors(rule, path),
    ...(rule.mirror === undefined ? [] : checkDestination(rule.mirror, `${path}.mirror`)),
    ...each(rule.mirrors, `${path}.mirrors`, ({ destination }, at) => checkDestination(destination, `${at}.destination`)),
    ...checkRedirect(rule.redirect, `${path}.redirect`),
    ...checkDirectResponse(rule.directResponse, `${path}.directResponse`),
    ...checkRetries(rule.retries, `${path}.retries`),
    ...checkRewrite(rule.rewrite, `${path}.rewrite`),
    ...checkHttpDestinations(rule.route ?? [], `${path}.route`),
    ...checkDuration(rule.timeout, `${path}.timeout`)
  ]
}

function checkAction(rule: HttpRoute, path: string, owner: 'delegate' | 'root'): IstioFault[] {
  const set = (name: keyof HttpRoute): boolean => rule[name] !== undefined && !(name === 'route' && rule.route?.length === 0)
  const both = (name: keyof HttpRoute, others: readonly (keyof HttpRoute)[]): IstioFault[] =>
    set(name) ? others.filter(set).map((other) => refusal(path, conflictText(other, name), 'actions-conflict')) : []
  if (set('delegate')) {
    return owner === 'delegate' ? [refusal(path, 'a delegate VirtualService cannot delegate')] : both('delegate', ['route', 'redirect'])
  }
  const conflicts = [
    ...both('redirect', ['route', 'fault', 'rewrite', 'directResponse']),
    ...both('directResponse', ['route', 'fault', 'rewrite']),
    ...both('mirrors', ['mirror'])
  ]
  if (set('route') || set('redirect') || set('directResponse')) return conflicts
  return [...conflicts, refusal(path, 'HTTP route, redirect or direct_response is required', 'no-action')]
}

function conflictText(other: string, name: string): string {
  return name === 'redirect' && other === 'route'
    ? 'HTTP route cannot contain both route and redirect'
    : `HTTP route rule cannot contain both ${other} and ${name}`
}

/** The host may be rewritten in one place only. */
function checkAuthority(rule: HttpRoute, path: string): IstioFault[] {
  const { set, add } = rule.headers?.request ?? {}
  const writers = [rule.rewrite?.authority, hostIn(set), hostIn(add)].filter((host) => host !== undefined && host !== '')
  return refuseIf(writers.length > 1, path, 'authority may be set in only one of rewrite.authority, request set and request add')
}

function hostIn(values: Readonly<Record<string, string>> | undefined): string | undefined {
  return Object.entries(values ?? {}).find(([name]) => ['host', ':authority'].includes(name.toLowerCase()))?.[1]
}

function checkHttpDestinations(route: readonly HttpRouteDestination[], path: string): IstioFault[] {
  return [
    ...checkDestinations(route, path),
    ...each(route, path, ({ headers }, at) => [
      ...checkHeaders(headers, `${at}.headers`),
      ...refuseIf(
        hostIn(headers?.request?.set) !== undefined && hostIn(headers?.request?.add) !== undefined,
        at,
        'authority may be set in only one of request set and request add'
      )
    ])
  ]
}

/** Weighted destinations of a rule of any protocol. That weights sum to 100 is not asked (istio.md 1.7). */
export function checkDestinations(route: readonly StreamDestination[], path: string): IstioFault[] {
  const total = route.reduce((sum, { weight = 0 }) => sum + weight, 0)
  return [
    ...each(route, path, ({ destination, weight = 0 }, at) => [
      ...checkDestination(destination, `${at}.destination`),
      ...(weight < 0 ? [refusal(`${at}.weight`, `weight ${weight} < 0`, 'weight-negative')] : [])
    ]),
    ...(route.length > 1 && total === 0 ? [refusal(path, 'total destination weight = 0', 'weights-zero')] : [])
  ]
}

/** One destination: a host, perhaps with a star in its first label, a subset and a port. */
export function checkDestination({ host, subset, port }: Destination, path: string): IstioFault[] {
  const wrong = host === '*' ? `invalid destination host ${host}` : domainProblem(host)
  return [
    ...refuseIf(wrong !== undefined, `${path}.host`, wrong ?? ''),
    ...refuseIf(subset !== undefined && subset !== '' && !isDnsLabel(subset), `${path}.subset`, `subset name is invalid: "${subset}"`),
    ...checkPortSelector(port, `${path}.port`)
  ]
}
