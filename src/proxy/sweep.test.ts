import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import type { Millis } from '../std/clock.ts'
import { BUSY, Sweep } from './sweep.ts'
import type { Swept } from './sweep.ts'

const PERIOD = 50

// Ends when nothing happened to it for `idle` ms, as a connection does.
class Idler implements Swept {
  place = -1
  slot = BUSY
  looks = 0
  endedAt: Millis | undefined
  deadline: Millis
  readonly #onEnd: (idler: Idler) => void

  constructor(deadline: Millis, onEnd: (idler: Idler) => void) {
    this.deadline = deadline
    this.#onEnd = onEnd
  }

  sweep(now: Millis): Millis {
    this.looks++
    if (now >= this.deadline && this.endedAt === undefined) {
      this.endedAt = now
      this.#onEnd(this)
    }
    return this.deadline
  }
}

function sweeping(): { clock: VirtualClock; sweep: Sweep; add: (deadline: Millis) => Idler } {
  const clock = new VirtualClock()
  const sweep = new Sweep(clock, PERIOD, () => clock.now())
  const add = (deadline: Millis): Idler => {
    const idler = new Idler(deadline, (one) => sweep.remove(one))
    sweep.add(idler)
    return idler
  }
  return { clock, sweep, add }
}

test('ten thousand idle members cost a few looks each in an hour, and all end at their deadline', async () => {
  const { clock, sweep, add } = sweeping()
  const idlers = Array.from({ length: 10_000 }, (_, at) => add(3_600_000 + at / 10))
  await clock.advance(60_000)
  const looks = (): number => idlers.reduce((sum, { looks: own }) => sum + own, 0)
  const after = looks()
  expect(sweep.resting).toBe(10_000)
  // Every period would be twelve million.
  expect(after).toBeLessThan(40_000)
  await clock.advance(10_000)
  expect(looks() - after).toBeLessThanOrEqual(10_000)
  await clock.advance(3_600_000)
  expect(sweep.size).toBe(0)
  expect(clock.next()).toBeUndefined()
  expect(idlers.every(({ endedAt, deadline }) => endedAt === Math.ceil(deadline / PERIOD) * PERIOD)).toBe(true)
})

test('a member that is woken is looked at every period again', async () => {
  const { clock, sweep, add } = sweeping()
  const idler = add(100_000)
  await clock.advance(500)
  expect([sweep.resting, idler.slot >= 0]).toEqual([1, true])
  idler.deadline = 700
  sweep.wake(idler)
  expect([sweep.resting, sweep.size]).toEqual([0, 1])
  await clock.advance(500)
  expect(idler.endedAt).toBe(700)
})

test('time that jumps over whole turns of the wheel leaves nobody behind', async () => {
  const clock = new VirtualClock()
  let now = 0
  const sweep = new Sweep(clock, PERIOD, () => now)
  const ended: Idler[] = []
  const idlers = [300, 5000, 51_000, 52_000, 90_000, 1_000_000].map((deadline) => {
    const idler = new Idler(deadline, (one) => {
      ended.push(one)
      sweep.remove(one)
    })
    sweep.add(idler)
    return idler
  })
  await clock.advance(PERIOD)
  now = 500_000
  await clock.advance(PERIOD)
  expect(new Set(ended)).toEqual(new Set(idlers.slice(0, 5)))
  expect(sweep.size).toBe(1)
})

type What = 'put off' | 'bring forward' | 'leave' | 'come'
type Happening = { readonly look: number; readonly member: number; readonly what: What; readonly by: number }

const LOOKS = 450
const happening: fc.Arbitrary<Happening> = fc.record({
  look: fc.integer({ min: 0, max: 400 }),
  member: fc.nat({ max: 11 }),
  what: fc.constantFrom<What>('put off', 'bring forward', 'leave', 'come'),
  by: fc.integer({ min: 1, max: 120_000 })
})

// What a sweep that looks at everybody every period would do with a member.
interface Expected {
  deadline: Millis
  there: boolean
  endedAt: Millis | undefined
}

function happen({ what, by }: Happening, at: number, members: Pair[], world: ReturnType<typeof sweeping>): void {
  const { clock, sweep, add } = world
  const pair = members[at]
  if (what === 'come') {
    if (members.length < 12) members.push(pairOf(add(clock.now() + by)))
    return
  }
  if (pair === undefined || !pair.expected.there) return
  const { idler, expected } = pair
  if (what === 'leave') {
    expected.there = false
    return sweep.remove(idler)
  }
  expected.deadline = what === 'put off' ? expected.deadline + by : Math.min(expected.deadline, clock.now() + by)
  idler.deadline = expected.deadline
  if (what === 'bring forward') sweep.wake(idler)
}

interface Pair {
  readonly idler: Idler
  readonly expected: Expected
}

const pairOf = (idler: Idler): Pair => ({ idler, expected: { deadline: idler.deadline, there: true, endedAt: undefined } })

function end({ expected }: Pair, now: Millis): void {
  if (!expected.there || now < expected.deadline) return
  expected.there = false
  expected.endedAt = now
}

test('whatever happens, members end at the look at which one that looks at all every period ends them', async () => {
  const seen = { ended: 0, rested: 0 }
  const first = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), first, async (all, deadlines) => {
      const world = sweeping()
      const pairs = deadlines.map((deadline) => pairOf(world.add(deadline)))
      for (let look = 0; look < LOOKS; look++) {
        for (const each of all) if (each.look === look) happen(each, each.member, pairs, world)
        await world.clock.advance(PERIOD)
        seen.rested += world.sweep.resting
        for (const pair of pairs) end(pair, world.clock.now())
      }
      const ended = pairs.filter(({ expected }) => expected.endedAt !== undefined).length
      seen.ended += ended
      expect(pairs.map(({ idler }) => idler.endedAt)).toEqual(pairs.map(({ expected }) => expected.endedAt))
      expect(world.sweep.size).toBe(pairs.filter(({ expected }) => expected.there).length)
    }),
    { numRuns: 40 }
  )
  expect(seen.ended).toBeGreaterThan(20)
  expect(seen.rested).toBeGreaterThan(1000)
})
