// RequestAuthentication (security.istio.io): whose tokens a proxy accepts, where they are found and with which keys they are checked.

import { duration, matchedWorkloads, targetRef } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, boolean, object, required, ruled, string } from './schema-builder.ts'

/** Istio's own CRD takes http and https only. Here keys may also be in a file (isKeySetUri), so a file's URL is no fault. */
const uri = ruled(string('Where the keys are fetched.', { minLength: 1, maxLength: 2048 }), [
  "url(self).getScheme() in ['http', 'https', 'file']",
  'url must have scheme http:// or https://'
])

const name = string('Name.', { minLength: 1 })

const jwtRule = ruled(
  object('An issuer whose tokens are accepted.', {
    audiences: array('Audiences of which a token must name one.', string('Audience.', { minLength: 1 })),
    forwardOriginalToken: boolean('The token goes on upstream.'),
    fromCookies: array('Cookies that may hold a token.', name),
    fromHeaders: array(
      'Headers that may hold a token.',
      object('A header.', { name: required(name), prefix: string('What stands before the token.') })
    ),
    fromParams: array('Query parameters that may hold a token.', name),
    issuer: string('The iss claim of its tokens.', { minLength: 1 }),
    jwks: string('Its keys as a JSON Web Key Set.'),
    jwksUri: uri,
    jwks_uri: uri,
    outputClaimToHeaders: array(
      'Claims that are copied to headers.',
      object('A copy.', {
        claim: required(string('Name of the claim.', { minLength: 1 })),
        header: required(string('Name of the header.', { minLength: 1, pattern: '^[-_A-Za-z0-9]+$' }))
      })
    ),
    outputPayloadToHeader: string('A header that gets the payload of the token.'),
    spaceDelimitedClaims: array('Claims that are lists with spaces between.', string('Claim.', { minLength: 1 }), { maxItems: 64 }),
    timeout: duration('How long fetching the keys may take.')
  }),
  ['[has(self.jwksUri), has(self.jwks_uri), has(self.jwks)].filter(set, set).size() <= 1', 'only one of jwks or jwksUri can be set']
)
/** An issuer whose tokens are accepted. */
export type JwtRule = Infer<typeof jwtRule>

/** spec of a RequestAuthentication. */
export const requestAuthenticationSpec = ruled(
  object('Tokens that proxies accept.', {
    jwtRules: array('Issuers.', jwtRule, { maxItems: 4096 }),
    selector: matchedWorkloads,
    targetRef,
    targetRefs: array('Objects it applies to.', targetRef, { maxItems: 16 })
  }),
  [
    '[has(self.selector), has(self.targetRef), has(self.targetRefs)].filter(set, set).size() <= 1',
    'only one of targetRefs or selector can be set'
  ]
)
/** spec of a RequestAuthentication. */
export type RequestAuthenticationSpec = Infer<typeof requestAuthenticationSpec>

/** Tokens that proxies accept. */
export interface RequestAuthentication extends KubeObject {
  readonly kind: 'RequestAuthentication'
  readonly spec: RequestAuthenticationSpec
  readonly status?: IstioStatus
}
