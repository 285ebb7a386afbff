// The fuzzer in short: what it found worth keeping still runs clean, some new plays do, and it can tell what is wrong.

import { expect, test } from 'vitest'
import type { DataPlane } from '../../src/proxy/data-plane.ts'
import { CORPUS, readAll } from './corpus.ts'
import { Fuzzer, tried } from './fuzzer.ts'
import type { Finding } from './fuzzer.ts'
import { judge } from './judge.ts'
import { firstLeft } from './leftovers.ts'
import type { Trace } from './leftovers.ts'
import { HAS_LOOPBACK, LoopbackGround } from './loopback-ground.ts'
import { run } from './run.ts'
import { seedPlay } from './seeds.ts'

const RUNS = 300
const ON_LOOPBACK = 50

test('every play of the corpus runs clean', { timeout: 60_000 }, async () => {
  const problems: string[] = []
  for (const play of readAll(CORPUS)) problems.push(...((await tried(play))?.problems ?? []))
  expect(problems).toEqual([])
})

test('plays near those of the corpus run clean', { timeout: 60_000 }, async () => {
  const fuzzer = new Fuzzer({ seed: 1, corpus: readAll(CORPUS), covers: false })
  let finding: Finding | undefined
  while (finding === undefined && fuzzer.executions < RUNS) finding = await fuzzer.round(() => true)
  expect(finding?.problems ?? []).toEqual([])
  expect(fuzzer.executions).toBe(RUNS)
})

test.skipIf(!HAS_LOOPBACK)("plays run clean over the system's sockets", { timeout: 60_000 }, async () => {
  const problems: string[] = []
  let served = 0
  for (let number = 0; number < ON_LOOPBACK; number++) {
    const ran = await run(seedPlay(number), (onThrown) => new LoopbackGround(onThrown))
    problems.push(...judge(ran))
    served += ran.served.length
  }
  expect(problems).toEqual([])
  expect(served).toBeGreaterThan(ON_LOOPBACK)
})

test('the same play gives the same run', async () => {
  const received = async (): Promise<string[]> => {
    const { callers } = await run(seedPlay(2534))
    return callers.map((caller) =>
      Buffer.concat(caller.received)
        .toString('latin1')
        .replaceAll(/\r\ndate: [^\r]*/g, '')
    )
  }
  const first = await received()
  expect(first.join('')).toContain('HTTP/1.1 200 OK')
  expect(await received()).toEqual(first)
})

// In a call of its own: what it had in hand is gone when it returns.
async function played(number: number): Promise<{ readonly plane: DataPlane; readonly trace: Trace }> {
  const play = seedPlay(number)
  const { plane, sockets } = await run(play)
  return { plane, trace: { play, things: sockets } }
}

test('a plane keeps nothing of connections that are over', async () => {
  const planes: DataPlane[] = []
  const traces: Trace[] = []
  for (let number = 0; number < 40; number++) {
    const { plane, trace } = await played(number)
    planes.push(plane)
    traces.push(trace)
  }
  expect(traces.flatMap(({ things }) => things).length).toBeGreaterThan(100)
  expect((await firstLeft(traces))?.left).toBeUndefined()
  expect(planes).toHaveLength(40)
})
