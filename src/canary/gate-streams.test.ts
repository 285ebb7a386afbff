import { describe, expect, it } from 'vitest'
import { selectorProblem, streamsIn } from './gate-streams.ts'

const template = (name: string, namespace?: string): unknown => ({ kind: 'template', name, namespace })
const selector = (text: string): unknown => ({ kind: 'selector', text })

describe('streamsIn', () => {
  it('reads pairs of templates, of other namespaces too', () => {
    expect(streamsIn('checkout=orders-all:shop/orders.bad, pay = a:b')).toEqual([
      { name: 'checkout', total: template('orders-all'), bad: template('orders.bad', 'shop') },
      { name: 'pay', total: template('a'), bad: template('b') }
    ])
  })

  it('reads selectors, in which a separator is what it is', () => {
    const text = 'orders_total{deployment="{{ target }}",of=~"a,b:c=d}"}'
    expect(streamsIn(`sales=${text} : {__name__="shop:lost",of='\\'{'},pay=a:${text}`)).toEqual([
      { name: 'sales', total: selector(text), bad: selector(`{__name__="shop:lost",of='\\'{'}`) },
      { name: 'pay', total: template('a'), bad: selector(text) }
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
    ['a=a:b,b=a:b,c=a:b,d=a:b,e=a:b'],
    ['a=orders_total:b'],
    ['a=b{c="d"}:shop:lost{}'],
    ['a=b{c="d":e{}'],
    ['a=rate(b{}[1m]):e{}'],
    ['a=b}{:e']
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
