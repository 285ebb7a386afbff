// Hostile endpoints and clients at length: every byte of every answer as the place where it breaks off, and thousands of random mixtures.
// SERIN_SEED picks other mixtures.

import { expect, test } from 'vitest'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { BREAKS, SHAPES } from '../upset/answer-stages.ts'
import { breakAt } from '../upset/break-at.ts'
import { playMixture } from '../upset/mixture.ts'

const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const MIXTURES = 2000
const READ_MODES: readonly ReadMode[] = ['buffer', 'data']

const say = (text: string): void => void process.stderr.write(`${text}\n`)

test.each(READ_MODES)('an answer may break off behind any byte (reading by %s)', async (readMode) => {
  const problems: string[] = []
  let played = 0
  for (const shape of SHAPES) {
    for (const fault of BREAKS) {
      for (let at = 0; at <= shape.text.length; at++) {
        const wrong = await breakAt({ readMode, shape, at, fault })
        problems.push(...wrong.map((problem) => `${shape.name}, ${fault} at ${at}: ${problem}`))
        played++
      }
    }
    say(`${shape.name}: ${played} played`)
  }
  expect(problems).toEqual([])
})

// What all mixtures together must have met, or they prove little.
const MET = [
  'patient',
  'half-closes',
  'closes',
  'resets',
  'slow',
  '200',
  '502',
  '503',
  '408',
  'cut',
  '-',
  'UC',
  'UPE',
  'DC',
  'SI',
  'UT',
  'URX'
]

test.each(READ_MODES)('mixtures of hostile clients and endpoints leave nothing and lose nothing (reading by %s)', async (readMode) => {
  const problems: string[] = []
  const reach = new Map<string, number>()
  for (let number = 0; number < MIXTURES && problems.length < 5; number++) {
    const played = await playMixture(SEED * 1_000_000 + number, readMode)
    problems.push(...played.problems)
    for (const [name, count] of played.reach) reach.set(name, (reach.get(name) ?? 0) + count)
    if (number % 500 === 499) say(`${number + 1} mixtures`)
  }
  say([...reach].map(([name, count]) => `${name} ${count}`).join(', '))
  expect(problems).toEqual([])
  expect(MET.filter((name) => (reach.get(name) ?? 0) < 10)).toEqual([])
})
