import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const TO = 'route: [{destination: {host: web}}]'
const ANY = "allowOrigins: [{exact: '*'}]"

function findings(rule: string): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {hosts: [web], http: [{${rule}}]}\n`
  return lint([...deployed({ name: 'web', versions: { v1: 1 } }), ...objectsOf(text)]).map(({ code, path }) => `${code} ${path}`)
}

test.each([
  ['an abort without a percentage', `fault: {abort: {httpStatus: 500}}, ${TO}`, ['never-injected spec.http[0].fault.abort']],
  ['a delay of 0 percent', `fault: {delay: {fixedDelay: 1s, percentage: {value: 0}}}, ${TO}`, ['never-injected spec.http[0].fault.delay']],
  ['faults that happen', `fault: {delay: {fixedDelay: 1s, percent: 1}, abort: {httpStatus: 500, percentage: {value: 1}}}, ${TO}`, []],
  [
    'policies beside a redirect',
    `redirect: {uri: /x}, timeout: 1s, mirror: {host: web}, corsPolicy: {${ANY}}`,
    ['corsPolicy', 'mirror', 'timeout'].map((field) => `no-effect-beside spec.http[0].${field}`)
  ],
  ['retries beside a direct response', 'directResponse: {status: 200}, retries: {attempts: 1}', ['no-effect-beside spec.http[0].retries']],
  ['a percentage of no mirror', `mirrorPercentage: {value: 5}, ${TO}`, ['no-effect-beside spec.http[0].mirrorPercentage']],
  ['a mirror with its percentage', `mirror: {host: web}, mirrorPercentage: {value: 5}, ${TO}`, []],
  ['CORS for nobody', `corsPolicy: {allowMethods: [GET]}, ${TO}`, ['cors-no-origin spec.http[0].corsPolicy']],
  ['CORS for all', `corsPolicy: {${ANY}}, ${TO}`, []]
])('%s', (_, rule, expected) => {
  expect(findings(rule)).toEqual(expected)
})
