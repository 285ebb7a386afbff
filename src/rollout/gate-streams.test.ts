import { describe, expect, it } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { selectorProblem, streamModel, streamsIn } from './gate-streams.ts'
import { planOf } from './plan.ts'

describe('streamsIn', () => {
  it('reads pairs of templates, of other namespaces too', () => {
    expect(streamsIn('checkout=orders-all:shop/orders.bad, pay = a:b')).toEqual([
      { name: 'checkout', total: { name: 'orders-all', namespace: undefined }, bad: { name: 'orders.bad', namespace: 'shop' } },
      { name: 'pay', total: { name: 'a', namespace: undefined }, bad: { name: 'b', namespace: undefined } }
    ])
  })

  it.each([
    [''],
    ['checkout'],
    ['checkout=a'],
    ['checkout=a:b:c'],
    ['checkout=a:b,checkout=c:d'],
    ['errors=a:b'],
    ['Check out=a:b'],
    ['checkout=a/b/c:d'],
    ['a=a:b,b=a:b,c=a:b,d=a:b,e=a:b']
  ])('does not read %j', (text) => {
    expect(streamsIn(text)).toBeUndefined()
  })
})

describe('streamModel', () => {
  it('fills in a baseline by its name, that of one of the user’s own for its Service too', () => {
    const named = (text: string): unknown => {
      const plain = canaryOf()
      const plan = planOf({ ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/baseline': text } } })
      const { target, service, variables } = streamModel(plan, 'baseline')
      return { target, service, variables }
    }
    const variables = { version: 'baseline' }
    expect(named('fresh')).toEqual({ target: 'api-baseline', service: 'api-baseline', variables })
    expect(named('old')).toEqual({ target: 'old', service: 'old', variables })
  })

  it('names the workload and the Service of each version', () => {
    const plan = planOf(canaryOf())
    const [canary, primary] = [streamModel(plan, 'canary'), streamModel(plan, 'primary')]
    expect([canary.target, canary.service, canary.variables]).toEqual(['api', 'api-canary', { version: 'canary' }])
    expect([primary.target, primary.service, primary.variables]).toEqual(['api-primary', 'api-primary', { version: 'primary' }])
  })
})

describe('selectorProblem', () => {
  it.each([
    ['orders_total'],
    ['orders_total{deployment="api",status=~"5..|4.."}'],
    [' shop:orders_total { pod =~ "api-[0-9a-f]{8,10}-.*" }'],
    ['{__name__="orders_total"}'],
    ['orders_total{a="say \\"{}\\""}']
  ])('has nothing against %s', (query) => {
    expect(selectorProblem(query)).toBeUndefined()
  })

  it.each([
    [''],
    ['rate(orders_total[1m])'],
    ['sum(orders_total)'],
    ['orders_total[5m]'],
    ['orders_total offset 5m'],
    ['orders_total + x'],
    ['orders_total{a="b"'],
    ['orders_total{a="b"}}']
  ])('says of %j what it must be', (query) => {
    expect(selectorProblem(query)).toContain('must be a selector of raw counters')
  })
})
