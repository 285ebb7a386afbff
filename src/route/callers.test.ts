import { expect, it } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { Callers, sharesImportsAt } from './callers.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { Sidecars } from './sidecars.ts'

const NONE = new Sidecars([])
const caller = (namespace: string): { namespace: string; labels: Record<string, string> } => ({ namespace, labels: {} })

it('who asks for the callers of a namespace hears of those alone', () => {
  const reads = new Reads()
  const callers = new Callers(reads, NONE)
  callers.set([caller(''), caller('a')], [], NONE)
  reads.run({ kind: 'unit', key: 'of a' }, () => callers.of('a'))
  reads.run({ kind: 'unit', key: 'all' }, () => callers.all())
  reads.run({ kind: 'unit', key: 'apart' }, () => callers.apart())
  callers.set([caller(''), caller('a'), caller('b')], [], NONE)
  expect(reads.stale('unit')).toEqual(['all'])
  callers.set([caller(''), caller('b')], [], NONE)
  expect(reads.stale('unit').toSorted()).toEqual(['all', 'of a'])
})

it('callers with a Sidecar of their own know other hosts than the common ones', () => {
  const [sidecar] = objectsOf(`apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: own, namespace: a}
spec: {egress: [{port: {number: 80}, hosts: ['./*']}]}
`)
  const callers = new Callers(new Reads(), NONE)
  callers.set([caller(''), caller('a'), caller('b')], [], new Sidecars(meshConfigOf(sidecar === undefined ? [] : [sidecar]).sidecars))
  const [apart] = callers.apart()
  expect(callers.apart().map(({ source }) => source.namespace)).toEqual(['a'])
  expect([80, 81].map((port) => apart !== undefined && sharesImportsAt(apart, callers.common, port))).toEqual([false, false])
})
