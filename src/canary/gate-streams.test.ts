import { describe, expect, it } from 'vitest'
import { selectorProblem, streamsIn } from './gate-streams.ts'

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
