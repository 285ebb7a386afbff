// Tokens: what of a RequestAuthentication is not applied here, and rules that ask for claims where nobody looks at tokens.

import type { JwtRule, RequestAuthentication } from '../api/istio-request-authentication.ts'
import { isKeySetUri } from '../api/key-set-uri.ts'
import { hasLabels } from '../api/label-selector.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem, Place } from '../route/catalogue.ts'
import { claimPath } from '../route/claims.ts'
import { gatewayLabels } from '../route/compile-limits.ts'
import { KEYS_FILE, keysUri, selectsGateway } from '../route/compile-tokens.ts'
import { ROOT_NAMESPACE, gatewaysOf, namespaceOf } from '../route/mesh-config.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh } from './mesh.ts'

/** Problems of RequestAuthentications, and of rules that ask for claims. */
export function lintTokens(mesh: Mesh): ObjectProblem[] {
  return [...mesh.config.requestAuthentications.flatMap((object) => lintObject(mesh, object)), ...lintClaims(mesh)]
}

type Labels = Readonly<Record<string, string>>

/** The labels by which any of the gateway's ports may be selected. */
function allGatewayLabels({ around }: Mesh): Labels[] {
  const config = { gateways: around.all('gateways') }
  const ports = new Set(config.gateways.flatMap(({ spec }) => (spec.servers ?? []).map(({ port }) => port.number)))
  return [...gatewayLabels(config, 0), ...[...ports].flatMap((port) => gatewayLabels(config, port))]
}

function lintObject(mesh: Mesh, object: RequestAuthentication): ObjectProblem[] {
  const { targetRef, targetRefs = [], jwtRules = [] } = object.spec
  const place = { object: referTo('RequestAuthentication', object), path: 'spec' }
  if (targetRef !== undefined || targetRefs.length > 0) return [problem('not-applied-yet', place, ['targetRefs'])]
  return [
    ...jwtRules.flatMap((rule, index) => lintRule(rule, object, within(place, `jwtRules[${index}]`))),
    ...lintSelector(mesh, object, place)
  ]
}

function lintRule(rule: JwtRule, object: RequestAuthentication, place: Place): ObjectProblem[] {
  const uri = keysUri(rule, object)
  const unapplied: (readonly [string, string])[] = []
  if (uri === undefined && (rule.jwks ?? '') === '') {
    unapplied.push(['issuer', 'finding the keys by the name of the issuer (write jwks or jwksUri)'])
  }
  if (uri !== undefined && !isKeySetUri(uri))
    unapplied.push(['jwksUri', `fetching keys from another machine (keys in a file: annotation ${KEYS_FILE} with its absolute path)`])
  if (rule.timeout !== undefined) unapplied.push(['timeout', 'timeout'])
  return unapplied.map(([field, text]) => problem('not-applied-yet', within(place, field), [text]))
}

function lintSelector(mesh: Mesh, object: RequestAuthentication, place: Place): ObjectProblem[] {
  const { around, pods } = mesh
  const workloads = around.workloads()
  if (workloads.some(({ namespace, labels }) => selectsPod(object, namespace, labels))) {
    return [problem('not-applied-yet', within(place, 'selector'), ['looking at tokens at pods (only at gateways)'])]
  }
  const unknown = pods === 'some' && workloads.length === 0 && around.all('gateways').length === 0
  if (unknown || selectsGateway({}, object, allGatewayLabels(mesh))) return []
  const wanted = Object.entries(object.spec.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  return [problem('selects-no-proxy', within(place, 'selector'), [wanted.join(', ') || '(any)', whereOf(object)])]
}

function whereOf(object: RequestAuthentication): string {
  const namespace = namespaceOf(object)
  return namespace === ROOT_NAMESPACE ? 'the mesh' : `namespace ${namespace}`
}

function selectsPod(object: RequestAuthentication, namespace: string, labels: Labels): boolean {
  const own = namespaceOf(object)
  return (own === ROOT_NAMESPACE || own === namespace) && hasLabels(labels, object.spec.selector?.matchLabels ?? {})
}

/** Claims in rules of gateways where no RequestAuthentication makes the gateway look at tokens. */
function lintClaims(mesh: Mesh): ObjectProblem[] {
  if (mesh.config.virtualServices.length === 0) return []
  const labels = allGatewayLabels(mesh)
  if (mesh.around.all('requestAuthentications').some((object) => selectsGateway({}, object, labels))) return []
  return rulesOf(mesh).flatMap(({ virtualService, rule, place }) => {
    if (gatewaysOf(virtualService).every((gateway) => gateway === 'mesh')) return []
    return (rule.match ?? []).flatMap((match, index) =>
      (['headers', 'withoutHeaders'] as const).flatMap((field) =>
        Object.keys(match[field] ?? {})
          .filter((name) => claimPath(name) !== undefined)
          .map((name) => problem('claims-unknown', within(place, `match[${index}].${field}`), [name]))
      )
    )
  })
}
