import { describe, expect, it } from 'vitest'
import { traceOf, tracePoint } from '../../test/traces.ts'
import { chartSvg } from './chart-svg.ts'

const BAD = traceOf([tracePoint(5, 0.5), tracePoint(10, 2.5, { failed: 13, said: 'rollback' })])
const GOOD = traceOf([
  tracePoint(30, 0),
  ...[35, 45, 55].map((second, index) => tracePoint(second, -0.2, { proof: 0.7 * index, said: 'dwell' })),
  tracePoint(60, -0.3, { weight: 25, proof: -0.4, failed: 1 }),
  tracePoint(90, -0.4, { weight: 25, proof: 1.5, failed: 1, said: 'advance' })
])

describe('its picture', () => {
  it('holds names of strangers as text', () => {
    const picture = chartSvg(BAD, { title: '<script>alert("1")</script>&\u0007', sentence: '<b>' })
    expect(picture).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp; ')
    expect(picture).not.toContain('<script')
    expect(picture).not.toContain('<b>')
  })

  it('has a band for each weight, a line of proof for each, and a tick for each failure', () => {
    const picture = chartSvg(GOOD, { title: 'x', sentence: '' })
    expect(picture.match(/<polyline/g)).toHaveLength(3)
    for (const weight of ['10 %', '25 %']) expect(picture).toContain(`>${weight}</text>`)
    expect(picture.match(/stroke="#c00" stroke-width="2" \/>/g)).toHaveLength(1)
    expect(picture).not.toContain('NaN')
    expect(picture).not.toContain('Infinity')
  })
})
