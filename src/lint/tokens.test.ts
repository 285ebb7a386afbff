import { expect, test } from 'vitest'
import { deployed, gatewayText, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const GATEWAY = gatewayText()

const CLAIMS = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: default}
spec:
  hosts: [app.example.com]
  gateways: [g]
  http:
  - match: [{headers: {"@request.auth.claims.group": {exact: vip}, x-other: {exact: a}}}]
    route: [{destination: {host: reviews, port: {number: 9080}}}]
  - route: [{destination: {host: reviews, port: {number: 9080}}}]
`

function authentication(spec: string, namespace = 'istio-system'): string {
  return `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: a, namespace: ${namespace}}
spec: {${spec}}
`
}

function found(...texts: readonly string[]): string[] {
  const objects = [...deployed({ name: 'reviews', versions: { v1: 1 } }), ...objectsOf([GATEWAY, ...texts].join('\n---\n'))]
  return lint(objects, 'all')
    .filter(({ object }) => object.kind !== 'Gateway')
    .map(({ object, code, path, istio, message }) => `${object.kind} ${code} ${istio ?? '-'} ${path}: ${message}`)
}

const AT_GATEWAY = 'selector: {matchLabels: {istio: ingress}}'

test('G28: claims in a match where the gateway does not look at tokens are never known', () => {
  expect(found(CLAIMS)).toEqual([
    'VirtualService claims-unknown IST0149 spec.http[0].match[0].headers: @request.auth.claims.group is never known: ' +
      'no RequestAuthentication makes the gateway look at tokens'
  ])
  expect(found(CLAIMS, authentication(`${AT_GATEWAY}, jwtRules: [{issuer: a, jwks: '{"keys":[]}'}]`))).toEqual([])
})

test('what is not applied of a RequestAuthentication is named', () => {
  const rules =
    "[{issuer: a}, {issuer: b, jwksUri: 'https://issuer.example.com/keys', timeout: 5s}, {issuer: c, jwksUri: 'http://127.0.0.1/keys'}]"
  expect(
    found(authentication(`${AT_GATEWAY}, jwtRules: ${rules}`)).map((line) => line.replace(/ is accepted but not applied yet$/, ''))
  ).toEqual([
    'RequestAuthentication not-applied-yet - spec.jwtRules[0].issuer: finding the keys by the name of the issuer (write jwks or jwksUri)',
    'RequestAuthentication not-applied-yet - spec.jwtRules[1].jwksUri: fetching keys from another machine ' +
      '(keys in a file: annotation serin.dev/jwks-file with its absolute path)',
    'RequestAuthentication not-applied-yet - spec.jwtRules[1].timeout: timeout'
  ])
})

test('one for pods, for other objects, or for nobody', () => {
  const rule = `jwtRules: [{issuer: a, jwks: '{"keys":[]}'}]`
  const words = (spec: string, namespace?: string): string[] =>
    found(authentication(`${spec}, ${rule}`, namespace)).map((line) => line.replace(/^.* - /, ''))
  expect(words('selector: {matchLabels: {app: reviews}}', 'default')).toEqual([
    'spec.selector: looking at tokens at pods (only at gateways) is accepted but not applied yet'
  ])
  expect(words('targetRefs: [{kind: Gateway, name: g}]')).toEqual(['spec: targetRefs is accepted but not applied yet'])
  expect(words(AT_GATEWAY, 'shop').join()).toContain('no proxy has the labels istio=ingress in namespace shop')
})
