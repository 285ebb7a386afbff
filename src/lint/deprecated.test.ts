import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

function found(kind: string, spec: string): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: x}\nspec: ${spec}\n`
  return lint(objectsOf(text)).flatMap(({ istio, path }) => (istio === 'IST0002' ? [path] : []))
}

test('whole percents of a delay and a proxy for calls outside are deprecated', () => {
  const delay = (fields: string): string =>
    `{hosts: [a], http: [{fault: {delay: {fixedDelay: 1s, ${fields}}}, route: [{destination: {host: a}}]}]}`
  expect(found('VirtualService', delay('percent: 5'))).toEqual(['spec.http[0].fault.delay.percent'])
  expect(found('VirtualService', delay('percentage: {value: 5}'))).toEqual([])
  expect(found('VirtualService', delay('percent: 0'))).toEqual([])
  const outside = '{outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.example, port: {number: 80}}}}'
  expect(found('Sidecar', outside)).toEqual(['spec.outboundTrafficPolicy.egressProxy'])
  expect(found('Sidecar', '{outboundTrafficPolicy: {mode: ALLOW_ANY}}')).toEqual([])
})
