// A RequestAuthentication as Istio's admission check judges it, beside the rules of its definition: that inline keys are a key set, and that
// keys are fetched from somewhere.

import { isObject, parsedJson } from '../std/json.ts'
import { each, refuseIf } from './istio-fault.ts'
import type { IstioFault } from './istio-fault.ts'
import type { JwtRule, RequestAuthentication } from './istio-request-authentication.ts'
import { checkSelector } from './istio-value-checks.ts'

/** Everything that Istio says of a RequestAuthentication when it is written. */
export function validateRequestAuthentication({ spec }: RequestAuthentication): IstioFault[] {
  const labels = spec.selector?.matchLabels
  return [...(labels === undefined ? [] : checkSelector(labels, 'spec.selector')), ...each(spec.jwtRules, 'spec.jwtRules', checkRule)]
}

function checkRule({ jwks = '', jwksUri, jwks_uri: older }: JwtRule, path: string): IstioFault[] {
  return [
    ...refuseIf(jwks !== '' && !isKeySet(jwks), `${path}.jwks`, 'cannot parse the JSON Web Key Set'),
    ...checkUri(jwksUri, `${path}.jwksUri`),
    ...checkUri(older, `${path}.jwks_uri`)
  ]
}

function checkUri(uri: string | undefined, path: string): IstioFault[] {
  return refuseIf(uri !== undefined && !URL.canParse(uri), path, `cannot parse the URL "${uri ?? ''}"`)
}

/** A set of keys, or one key. */
function isKeySet(text: string): boolean {
  const value = parsedJson(text)
  return isObject(value) && (Array.isArray(value['keys']) || typeof value['kty'] === 'string')
}
