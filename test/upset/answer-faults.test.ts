// An endpoint that resets, closes or stalls in every stage of its answer.

import { describe, expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { SHAPES, stagesOf } from './answer-stages.ts'
import type { Break } from './answer-stages.ts'
import { breakAt } from './break-at.ts'

// The clock ends a stall however the bytes before it were read: each kind of it in one mode is enough here, test:long has all.
const PLAYED: readonly (readonly [ReadMode, readonly Break[]])[] = [
  ['buffer', ['reset', 'end', 'stall']],
  ['data', ['reset', 'stall, with a route timeout', 'stall, with a timeout of each try']]
]

describe.each(PLAYED)('reading by %s', (readMode, breaks) => {
  describe.each(breaks)('an endpoint that breaks off by %s', (fault) => {
    test.each(SHAPES)('an answer $name', async (shape) => {
      const wrong: string[] = []
      for (const [stage, at] of stagesOf(shape)) {
        const problems = await breakAt({ readMode, shape, at, fault })
        wrong.push(...problems.map((problem) => `${stage}: ${problem}`))
      }
      expect(wrong).toEqual([])
    })
  })
})
