// RequestAuthentications of a gateway as token rules (istio.md 1.3). Only gateways look at tokens here; what else an object says is named by
// lint. Keys that are fetched come from the config: the control process keeps them.

import { hasLabels } from '../api/label-selector.ts'
import type { JwtRule, RequestAuthentication } from '../api/istio-request-authentication.ts'
import { ROOT_NAMESPACE, byAge, namespaceOf } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import type { TokenRule } from './token-rule.ts'

/** What token rules depend on. */
export type TokenConfig = Pick<MeshConfig, 'requestAuthentications' | 'keySets' | 'gatewayNamespace'>

/** Claims that are always lists with spaces between. */
const LISTS = ['scope', 'permission']

/** The rules of the gateway whose pod may be selected by any of these sets of labels, in the order of their issuers. */
export function tokenRulesOf(config: TokenConfig, labels: readonly Readonly<Record<string, string>>[]): TokenRule[] {
  return config.requestAuthentications
    .filter((object) => selectsGateway(config, object, labels))
    .toSorted(byAge)
    .flatMap((object) => (object.spec.jwtRules ?? []).map((rule) => ruleOf(rule, keysUri(rule, object), config.keySets ?? {})))
    .toSorted((a, b) => ((a.issuer ?? '') < (b.issuer ?? '') ? -1 : a.issuer === b.issuer ? 0 : 1))
}

/** Whether an object is for the gateway: in its namespace or the root one, and with labels that the gateway has. */
export function selectsGateway(
  config: Pick<MeshConfig, 'gatewayNamespace'>,
  object: RequestAuthentication,
  labels: readonly Readonly<Record<string, string>>[]
): boolean {
  const { selector, targetRef, targetRefs = [] } = object.spec
  if (targetRef !== undefined || targetRefs.length > 0) return false
  const namespace = namespaceOf(object)
  if (namespace !== ROOT_NAMESPACE && namespace !== (config.gatewayNamespace ?? ROOT_NAMESPACE)) return false
  return labels.some((own) => hasLabels(own, selector?.matchLabels ?? {}))
}

/** Every URI from which keys are fetched. */
export function keySetUris({ requestAuthentications }: Pick<MeshConfig, 'requestAuthentications'>): Set<string> {
  return new Set(requestAuthentications.flatMap((object) => (object.spec.jwtRules ?? []).flatMap((rule) => keysUri(rule, object) ?? [])))
}

/** A file whose keys take the place of those that an object's rules would fetch. */
export const KEYS_FILE = 'serin.dev/jwks-file'

/** Where the keys of a rule are fetched; undefined: they are in it. */
export function keysUri(rule: JwtRule, { metadata }: RequestAuthentication): string | undefined {
  if (given(rule.jwks) !== undefined) return undefined
  const file = given(metadata.annotations?.[KEYS_FILE])
  if (file !== undefined) return `file://${file.split('/').map(encodeURIComponent).join('/')}`
  return given(rule.jwksUri) ?? given(rule.jwks_uri)
}

function ruleOf(rule: JwtRule, uri: string | undefined, keySets: Readonly<Record<string, string>>): TokenRule {
  return {
    issuer: given(rule.issuer),
    audiences: rule.audiences ?? [],
    keys: given(rule.jwks) ?? (uri === undefined ? undefined : keySets[uri]),
    headers: (rule.fromHeaders ?? []).map(({ name, prefix = '' }) => ({ name: name.toLowerCase(), prefix })),
    parameters: rule.fromParams ?? [],
    cookies: rule.fromCookies ?? [],
    forwards: rule.forwardOriginalToken === true,
    claimHeaders: (rule.outputClaimToHeaders ?? []).map(({ header, claim }) => ({ header: header.toLowerCase(), claim })),
    payloadHeader: given(rule.outputPayloadToHeader)?.toLowerCase(),
    lists: [...new Set([...LISTS, ...(rule.spaceDelimitedClaims ?? [])])]
  }
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
