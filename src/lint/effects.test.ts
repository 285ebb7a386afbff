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
  ['G135: a fault for everybody', `fault: {abort: {httpStatus: 500, percentage: {value: 1}}}, ${TO}`, ['fault-for-all spec.http[0].fault']],
  [
    'G135: what does not act on a fault',
    `match: [{headers: {x-chaos: {}}}], timeout: 1s, retries: {attempts: 1}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}, ${TO}`,
    ['no-catch-all spec.http[0]', 'fault-not-retried spec.http[0].retries', 'fault-not-retried spec.http[0].timeout']
  ],
  ['G132: copies of writes', `mirror: {host: web}, ${TO}`, ['mirror-writes spec.http[0].mirror']],
  [
    'G132: copies of some writes',
    `match: [{method: {exact: GET}}, {method: {exact: PUT}}], mirrors: [{destination: {host: web}}], ${TO}`,
    ['no-catch-all spec.http[0]', 'mirror-writes spec.http[0].mirrors']
  ],
  [
    'G132: copies of reads',
    `match: [{method: {exact: GET}}, {method: {exact: HEAD}}], mirror: {host: web}, ${TO}`,
    ['no-catch-all spec.http[0]']
  ],
  ['no copies', `mirror: {host: web}, mirrorPercentage: {value: 0}, ${TO}`, []],
  [
    'faults that happen',
    `fault: {delay: {fixedDelay: 1s, percent: 1}, abort: {httpStatus: 500, percentage: {value: 1}}}, ${TO}`,
    ['fault-for-all spec.http[0].fault', 'deprecated spec.http[0].fault.delay.percent']
  ],
  [
    'policies beside a redirect',
    `redirect: {uri: /x}, timeout: 1s, mirror: {host: web}, corsPolicy: {${ANY}}`,
    ['corsPolicy', 'mirror', 'timeout'].map((field) => `no-effect-beside spec.http[0].${field}`)
  ],
  ['retries beside a direct response', 'directResponse: {status: 200}, retries: {attempts: 1}', ['no-effect-beside spec.http[0].retries']],
  ['a percentage of no mirror', `mirrorPercentage: {value: 5}, ${TO}`, ['no-effect-beside spec.http[0].mirrorPercentage']],
  ['a mirror with its percentage', `mirror: {host: web}, mirrorPercentage: {value: 5}, ${TO}`, ['mirror-writes spec.http[0].mirror']],
  ['CORS for nobody', `corsPolicy: {allowMethods: [GET]}, ${TO}`, ['cors-no-origin spec.http[0].corsPolicy']],
  ['CORS for all', `corsPolicy: {${ANY}}, ${TO}`, []]
])('%s', (_, rule, expected) => {
  expect(findings(rule)).toEqual(expected)
})
