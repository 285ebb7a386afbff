import { expect, it } from 'vitest'
import type { DestinationRule } from '../api/istio-destination-rule.ts'
import { Reads } from '../std/reads.ts'
import { ruleFor } from './destination-rules.ts'
import { LiveRules } from './live-rules.ts'

function rule(host: string, more: Partial<DestinationRule['spec']> = {}): DestinationRule {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: host, namespace: 'a' },
    spec: { host, ...more }
  }
}

it('rules are found by host and wildcard, and a change is told to who asked for that host', () => {
  const reads = new Reads()
  const rules = new LiveRules(reads)
  rules.set('a/web', undefined, rule('web.example'))
  rules.set('a/wild', undefined, rule('*.example', { exportTo: ['b'] }))
  const found = (host: string, caller: string): readonly string[] | undefined => ruleFor(rules, host, 'a', caller)?.from
  expect([found('web.example', 'c'), found('api.example', 'b'), found('api.example', 'c')]).toEqual([
    ['a/web.example'],
    ['a/*.example'],
    undefined
  ])
  expect(rules.viewersOf('api.example')).toEqual(['a', 'b'])
  for (const host of ['web.example', 'api.example']) reads.run({ kind: 'unit', key: host }, () => found(host, 'c'))
  rules.set('a/web', rule('web.example'), undefined)
  expect(reads.stale('unit')).toEqual(['web.example'])
  expect(found('web.example', 'b')).toEqual(['a/*.example'])
})

it('a wildcard is told to who asked for a host that it covers, and to nobody else', () => {
  const reads = new Reads()
  const rules = new LiveRules(reads)
  const hosts = ['web.a.example', 'a.example', 'web.b.example', 'b.example']
  const read = (): void => {
    for (const host of hosts) reads.run({ kind: 'unit', key: host }, () => [ruleFor(rules, host, 'a', 'c'), rules.viewersOf(host)])
  }
  const stale = (): string[] => reads.stale('unit').toSorted()
  read()
  rules.set('a/wild', undefined, rule('*.a.example'))
  expect(stale()).toEqual(['web.a.example'])
  read()
  rules.set('a/wild', rule('*.a.example'), rule('*.b.example'))
  expect(stale()).toEqual(['web.a.example', 'web.b.example'])
  read()
  rules.set('a/all', undefined, rule('*'))
  expect(stale()).toEqual(hosts.toSorted())
})

it('labels that rules ask of callers are counted', () => {
  const rules = new LiveRules(new Reads())
  const asking = rule('web.example', { workloadSelector: { matchLabels: { team: 'x' } } })
  rules.set('a/web', undefined, asking)
  expect(rules.callerLabels()).toEqual(['team'])
  rules.set('a/web', asking, undefined)
  expect(rules.callerLabels()).toEqual([])
})
