import { describe, expect, it } from 'vitest'
import { countedAs, ERRORS, gateSettings, settingsFor, slowerThan } from './settings.ts'

describe('gateSettings', () => {
  it('gives errors 0.6 of the evidence, the edge of the objective 0.2 and the others 0.2', () => {
    const { streams } = gateSettings([ERRORS, slowerThan(500, 0.01), slowerThan(100), slowerThan(250)])
    expect(streams.map(({ weight }) => Number(weight.toFixed(6)))).toEqual([0.6, 0.2, 0.1, 0.1])
  })

  it('shares what is absent among the rest', () => {
    expect(gateSettings([ERRORS, countedAs('checkout')]).streams.map(({ weight }) => Number(weight.toFixed(6)))).toEqual([0.75, 0.25])
    expect(gateSettings().streams.map(({ weight }) => weight)).toEqual([1])
    const weights = gateSettings([ERRORS, slowerThan(100), slowerThan(250)]).streams.map(({ weight }) => weight)
    expect(weights.map((weight) => Number(weight.toFixed(6)))).toEqual([0.75, 0.125, 0.125])
  })

  it.each([
    [1_000, 14_000, 60_000],
    [5_000, 10_000, 60_000],
    [15_000, 10_000, 60_000],
    [30_000, 10_000, 120_000]
  ])('with looks of %d ms settle %d, and are blind after %d ms, four looks at least', (look, settle, blindTimeout) => {
    expect(settingsFor(look)).toEqual({ settle, blindTimeout })
  })

  it('takes what is asked for instead of a default', () => {
    expect(gateSettings([ERRORS], { alpha: 0.001 })).toMatchObject({ alpha: 0.001, beta: 0.05 })
  })
})
