import { describe, expect, it } from 'vitest'
import { GOOD } from '../sim/regression.ts'
import { readCommandLine } from './options.ts'

const read = (line: string) => readCommandLine(['rehearse', ...line.split(' ')])

describe('serin rehearse', () => {
  it('has defaults for all but the files', () => {
    expect(read('-f shop')).toEqual({
      kind: 'rehearse',
      options: {
        files: ['shop'],
        canary: undefined,
        seed: 1,
        runs: 500,
        rate: 100,
        baseErrors: 0.001,
        latency: { median: 60, p99: 300 },
        regressions: [{ ...GOOD, errors: 0.05 }],
        disturbance: 'calm',
        changes: [],
        svg: undefined,
        output: 'text'
      }
    })
  })

  it('takes regressions of failures and of latency, and changes', () => {
    const line =
      '-f a --regression 0.5pt,2%,3x --base-errors 1% --disturbance cold --what-if alpha=0.001,1% --what-if steps=5,25,50 --what-if rate=10 --what-if pace=evidence,auto -o json'
    expect(read(line)).toMatchObject({
      options: {
        regressions: [
          { ...GOOD, errors: 0.005 },
          { ...GOOD, errors: 0.02 },
          { ...GOOD, slower: 3 }
        ],
        baseErrors: 0.01,
        disturbance: 'cold-steps',
        changes: [
          { kind: 'alpha', alpha: 0.001 },
          { kind: 'alpha', alpha: 0.01 },
          { kind: 'steps', weights: [5, 25, 50] },
          { kind: 'rate', rate: 10 },
          { kind: 'pace', pace: 'evidence' },
          { kind: 'pace', pace: 'auto' }
        ],
        output: 'json'
      }
    })
  })

  it.each([
    ['20ms/80ms', { median: 20, p99: 80 }],
    ['0.5s/2s', { median: 500, p99: 2_000 }],
    ['0.4ms/1s', { median: 0.4, p99: 1_000 }]
  ])('takes the latency %s', (text, latency) => {
    expect(read(`-f a --latency ${text}`)).toMatchObject({ options: { latency } })
  })

  it.each(['20ms', '20/80', '80ms/20ms', '20ms/20ms', '0ms/5ms', '20ms/80ms/90ms', '1s/601s', 'x/5ms'])(
    'refuses the latency "%s"',
    (text) => {
      expect(readCommandLine(['rehearse', '-f', 'a', '--latency', text])).toEqual({
        kind: 'wrong',
        message: `--latency must be a median and a larger 99th percentile such as 20ms/80ms or 0.5s/2s, up to 10 minutes, not "${text}"`
      })
    }
  )

  it.each([
    ['--seed 1', 'rehearse needs at least one -f PATH'],
    ['-f a --seed x', '--seed must be a whole number up to 4294967295, not "x"'],
    ['-f a --runs 0', '--runs must be a whole number from 1 to 100000, not "0"'],
    ['-f a --rate 0', '--rate must be requests a second, more than 0 and at most 1000000, not "0"'],
    ['-f a --base-errors 100%', '--base-errors must be a share such as 0.1% or 0.001, not "100%"'],
    ['-f a --regression 5', '--regression must be points such as 5pt, a factor such as 2x, or a list of them, not "5"'],
    ['-f a --disturbance rain', '--disturbance must be calm, storms, blips, outage, cold, not "rain"'],
    ['-f a -o yaml', '-o must be json, not "yaml"'],
    ['-f a --what-if steps=50,5', '--what-if must be alpha=LIST, rate=LIST, steps=LIST or pace=interval,evidence,auto, not "steps=50,5"'],
    ['-f a --what-if alpha=2', '--what-if must be alpha=LIST, rate=LIST, steps=LIST or pace=interval,evidence,auto, not "alpha=2"']
  ])('refuses %s: %s', (line, message) => {
    expect(read(line)).toEqual({ kind: 'wrong', message })
  })
})
