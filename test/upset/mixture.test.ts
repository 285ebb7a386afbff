// A few seeds of the mixture; test:long plays thousands.

import { expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { playMixture } from './mixture.ts'

const SEED = Number(process.env['SERIN_SEED'] ?? 1)

test.each<ReadMode>(['buffer', 'data'])(
  'whatever clients and endpoints do, each request has one answer or the end (reading by %s)',
  async (readMode) => {
    const problems: string[] = []
    for (let number = 0; number < 12; number++) problems.push(...(await playMixture(SEED * 1000 + number, readMode)).problems)
    expect(problems).toEqual([])
  }
)
