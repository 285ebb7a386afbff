import { describe, expect, it } from 'vitest'
import { axisLine, COUNT_AXIS, strip, TIME_AXIS } from './strip.ts'

const TEN = { least: 1, most: 1_024, ticks: [] }

describe('a strip', () => {
  it('rises with the share that is reached, column by column', () => {
    expect(strip([1.5, 3, 6, 12, 24, 48, 96, 700], 8, TEN, 10)).toBe('▁▂▃▄▅▆▇▇▇█')
  })

  it('stays below the top where some never come, and is blank before the first and without any', () => {
    expect(strip([40], 2, TEN, 10)).toBe('     ▄▄▄▄▄')
    expect(strip([], 2, TEN, 10)).toBe('          ')
  })

  it('has what is beyond the axis in its last column', () => {
    expect(strip([5_000], 1, TEN, 10)).toBe('         █')
  })
})

describe('an axis', () => {
  it('has its words where their values are, as wide as the strip', () => {
    for (const axis of [TIME_AXIS, COUNT_AXIS]) {
      const line = axisLine(axis, 62)
      expect(line).toHaveLength(62)
      expect(axis.ticks.every(([, word]) => line.includes(word))).toBe(true)
    }
    expect(axisLine(TIME_AXIS, 62).indexOf('1 min')).toBe(Math.floor((62 * Math.log(12)) / Math.log(1_440)))
  })
})
