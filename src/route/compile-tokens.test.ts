import { expect, test } from 'vitest'
import { gatewayText, objectsOf } from '../../test/route-mesh.ts'
import { compileRoutes } from './compile-routes.ts'
import { keySetUris, tokenRulesOf } from './compile-tokens.ts'
import { meshConfigOf } from './mesh-objects.ts'

const GATEWAY = gatewayText()

function authentication(
  name: string,
  rules: string,
  more = 'selector: {matchLabels: {istio: ingress}}',
  namespace = 'istio-system'
): string {
  return `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: ${name}, namespace: ${namespace}}
spec: {${more}, jwtRules: ${rules}}
`
}

function tokensOf(...texts: readonly string[]): unknown[] {
  const { table } = compileRoutes(meshConfigOf(objectsOf([GATEWAY, ...texts].join('\n---\n'))))
  return (table.scopes['gateway|80']?.tokens ?? []).map(({ issuer }) => issuer)
}

test('the rules of all objects that select the gateway, by issuer', () => {
  const other = authentication('b', '[{issuer: c, jwks: k}]', 'selector: {matchLabels: {istio: other}}')
  expect(tokensOf(authentication('a', '[{issuer: b, jwks: k}, {issuer: a, jwks: k}]'), other)).toEqual(['a', 'b'])
  expect(tokensOf(other)).toEqual([])
  expect(tokensOf(authentication('all', '[{issuer: a, jwks: k}]', 'selector: {}'))).toEqual(['a'])
})

test('objects of other namespaces than the root one and the own one are not for the gateway', () => {
  expect(tokensOf(authentication('a', '[{issuer: a, jwks: k}]', 'selector: {}', 'shop'))).toEqual([])
  const config = meshConfigOf(objectsOf(authentication('a', '[{issuer: a, jwks: k}]', 'selector: {}', 'shop')))
  expect(tokenRulesOf({ ...config, gatewayNamespace: 'shop' }, [{}])).toHaveLength(1)
})

test('targetRefs are not for it', () => {
  expect(tokensOf(authentication('a', '[{issuer: a, jwks: k}]', 'targetRefs: [{kind: Gateway, name: g}]'))).toEqual([])
})

test('everything a rule says', () => {
  const text = `[{
    issuer: a, audiences: [shop], jwks: '{"keys":[]}', fromHeaders: [{name: X-Token, prefix: 't '}], fromParams: [tok], fromCookies: [c],
    forwardOriginalToken: true, outputClaimToHeaders: [{header: X-Sub, claim: sub}], outputPayloadToHeader: X-Payload, spaceDelimitedClaims: [groups]
  }]`
  const [rule] = tokenRulesOf(meshConfigOf(objectsOf(authentication('a', text))), [{ istio: 'ingress' }])
  expect(rule).toEqual({
    issuer: 'a',
    audiences: ['shop'],
    keys: '{"keys":[]}',
    headers: [{ name: 'x-token', prefix: 't ' }],
    parameters: ['tok'],
    cookies: ['c'],
    forwards: true,
    claimHeaders: [{ header: 'x-sub', claim: 'sub' }],
    payloadHeader: 'x-payload',
    lists: ['scope', 'permission', 'groups']
  })
})

test('keys that are fetched come from the config, and none until then', () => {
  const config = meshConfigOf(objectsOf(authentication('a', "[{issuer: a, jwksUri: 'http://k'}, {issuer: b, jwks_uri: 'http://l'}]")))
  expect([...keySetUris(config)]).toEqual(['http://k', 'http://l'])
  const keys = (keySets: Record<string, string>): unknown[] =>
    tokenRulesOf({ ...config, keySets }, [{ istio: 'ingress' }]).map((rule) => rule.keys)
  expect(keys({})).toEqual([undefined, undefined])
  expect(keys({ 'http://k': 'one' })).toEqual(['one', undefined])
})

test('an annotation puts a file in the place of what would be fetched', () => {
  const text = authentication('a', "[{issuer: a, jwksUri: 'https://k'}, {issuer: b, jwks: own}]")
  const annotated = text.replace('name: a,', "name: a, annotations: {serin.dev/jwks-file: '/keys of a/set#1.json'},")
  const config = meshConfigOf(objectsOf(annotated))
  const uri = 'file:///keys%20of%20a/set%231.json'
  expect([...keySetUris(config)]).toEqual([uri])
  expect(tokenRulesOf({ ...config, keySets: { [uri]: 'file' } }, [{ istio: 'ingress' }]).map((rule) => rule.keys)).toEqual(['file', 'own'])
})
