import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

function found(policy: string, more = ''): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r}\nspec: {host: a.example, ${more}trafficPolicy: ${policy}}\n`
  return lint(objectsOf(text)).flatMap(({ istio, path }) => (istio === 'IST0128' || istio === 'IST0129' ? [`${istio} ${path}`] : []))
}

const SELECTOR = 'workloadSelector: {matchLabels: {app: a}}, '

test.each([
  ['{tls: {mode: SIMPLE}}', '', ['IST0128 spec.trafficPolicy.tls']],
  ['{tls: {mode: MUTUAL, clientCertificate: c, privateKey: k}}', '', ['IST0128 spec.trafficPolicy.tls']],
  ['{tls: {mode: SIMPLE, caCertificates: /ca.pem}}', '', []],
  ['{tls: {mode: ISTIO_MUTUAL}}', '', []],
  ['{tls: {mode: DISABLE}}', '', []],
  ['{tls: {mode: SIMPLE, credentialName: c}}', '', ['IST0128 spec.trafficPolicy.tls']],
  ['{tls: {mode: SIMPLE, credentialName: c}}', SELECTOR, []],
  ['{tls: {mode: SIMPLE}}', SELECTOR, ['IST0128 spec.trafficPolicy.tls']],
  ['{portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}', '', ['IST0129 spec.trafficPolicy.portLevelSettings[0].tls']]
])('%s %s: %o', (policy, more, wanted) => {
  expect(found(policy, more)).toEqual(wanted)
})
