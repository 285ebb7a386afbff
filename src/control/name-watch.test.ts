import { expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { NameWatch, REFRESH } from './name-watch.ts'
import type { NameAnswer } from './name-watch.ts'

interface Rig {
  readonly clock: VirtualClock
  readonly watch: NameWatch
  /** Name and time of each look-up. */
  readonly asked: string[]
  readonly lines: string[]
  readonly changes: () => number
}

/** A watch whose look-ups are answered by `answer`: addresses, with how long they hold, or a failure. */
function rig(answer: (name: string, at: number) => NameAnswer | Error | Promise<NameAnswer>): Rig {
  const clock = new VirtualClock()
  const asked: string[] = []
  const lines: string[] = []
  let changes = 0
  const watch = new NameWatch({
    clock,
    lookUp: async (name) => {
      asked.push(`${name}@${clock.now()}`)
      const said = answer(name, clock.now())
      if (said instanceof Error) throw said
      return said
    },
    changed: () => (changes += 1),
    log: (line) => lines.push(line)
  })
  return { clock, watch, asked, lines, changes: () => changes }
}

const says = (addresses: readonly string[], ttl?: number): NameAnswer => ({ addresses, ttl })

test('a new name is looked up at once, and again when its answer is over; only what is different is told', async () => {
  const { clock, watch, asked, changes } = rig((_, at) => says(at < 10_000 ? ['10.0.0.1'] : ['10.0.0.2', '10.0.0.1'], 5000))
  watch.want(['a'])
  expect(watch.answers()).toEqual({})
  await clock.advance(0)
  expect([watch.answers(), changes()]).toEqual([{ a: ['10.0.0.1'] }, 1])
  await clock.advance(5000)
  expect(changes()).toBe(1)
  await clock.advance(5000)
  expect([watch.answers(), changes()]).toEqual([{ a: ['10.0.0.2', '10.0.0.1'] }, 2])
  expect(asked).toEqual(['a@0', 'a@5000', 'a@10000'])
})

test('an answer that does not say how long it holds is asked for after a minute, one that holds shortly not more often than each second', async () => {
  const { clock, watch, asked } = rig((name) => says(['10.0.0.1'], name === 'short' ? 0 : undefined))
  watch.want(['long', 'short'])
  await clock.advance(2500)
  expect(asked).toEqual(['long@0', 'short@0', 'short@1000', 'short@2000'])
  watch.want(['long'])
  await clock.advance(REFRESH - 2500)
  expect(asked.slice(4)).toEqual([`long@${REFRESH}`])
})

test('while a name cannot be looked up its last answer stays, and it is tried more and more seldom', async () => {
  const { clock, watch, asked, lines, changes } = rig((_, at) =>
    at === 0 || at > 10_000 ? says(['10.0.0.1'], 1000) : new Error('no server')
  )
  watch.want(['a'])
  await clock.advance(10_000)
  expect(watch.answers()).toEqual({ a: ['10.0.0.1'] })
  expect(asked).toEqual(['a@0', 'a@1000', 'a@2000', 'a@4000', 'a@8000'])
  expect(lines).toEqual(['names: a: no server; its last addresses stay'])
  await clock.advance(6000)
  expect(lines.at(-1)).toBe('names: a is answered again')
  expect(changes()).toBe(1)
})

test('a name that never was answered, and one that is no name any more, have no addresses', async () => {
  const { clock, watch } = rig((name, at) => (name === 'none' ? new Error('no server') : says(at === 0 ? ['10.0.0.1'] : [], 1000)))
  watch.want(['gone', 'none'])
  await clock.advance(0)
  expect(watch.answers()).toEqual({ gone: ['10.0.0.1'], none: [] })
  await clock.advance(1000)
  expect(watch.answers()).toEqual({ gone: [], none: [] })
})

test('a name that is not wanted any more is forgotten, also while its look-up is under way', async () => {
  const late = Promise.withResolvers<NameAnswer>()
  const { clock, watch, asked, changes } = rig((name) => (name === 'late' ? late.promise : says(['10.0.0.1'], 1000)))
  watch.want(['late', 'a'])
  await clock.advance(0)
  watch.want(['a'])
  late.resolve(says(['10.0.0.9']))
  await clock.advance(0)
  expect([watch.answers(), changes()]).toEqual([{ a: ['10.0.0.1'] }, 1])
  watch.stop()
  await clock.advance(REFRESH)
  expect(asked).toEqual(['late@0', 'a@0'])
  expect(clock.next()).toBeUndefined()
})

test('no more than four look-ups are under way', async () => {
  const open: PromiseWithResolvers<NameAnswer>[] = []
  const { clock, watch, asked } = rig(() => {
    const answer = Promise.withResolvers<NameAnswer>()
    open.push(answer)
    return answer.promise
  })
  watch.want(['a', 'b', 'c', 'd', 'e', 'f'])
  await clock.advance(0)
  expect(asked).toHaveLength(4)
  open[1]?.resolve(says([]))
  await clock.advance(0)
  expect(asked.at(-1)).toBe('e@0')
})
