import { expect, test } from 'vitest'
import { deployed, manifest, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

function codes(rule: string): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [web], http: [{route: [{destination: {host: web}}], ${rule}}]}\n`
  return lint([...deployed({ name: 'web', versions: { v1: 1 } }), ...objectsOf(text)]).map(({ code }) => code)
}

test.each([
  ['timeout: 10s, retries: {attempts: 3, perTryTimeout: 2500ms, retryOn: 5xx}', []],
  ['timeout: 10s, retries: {attempts: 3, perTryTimeout: 3s, retryOn: reset}', ['per-try-too-long']],
  ['retries: {attempts: 3, perTryTimeout: 3s, retryOn: "gateway-error"}', []],
  ['retries: {attempts: 3, perTryTimeout: 3s}', ['per-try-not-retried']],
  ['retries: {attempts: 0}', []]
])('%s: %o', (rule, wanted) => {
  expect(codes(rule)).toEqual(wanted)
})

test("the guide's own retry settings break its rule (manifests 26 and 27)", () => {
  for (const number of ['26', '27']) expect(lint(manifest(number)).map(({ code }) => code)).toContain('per-try-too-long')
})
