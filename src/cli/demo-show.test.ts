import { expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { Screen } from './demo-screen.ts'
import { type Numbers, Show } from './demo-show.ts'
import { line } from './demo-view.ts'

const numbers = (since: number): Numbers => ({ canary: `since ${since}`, rows: [], trace: undefined, requests: 7, lost: 0 })

test('without a screen, what happens is printed at once, the numbers every ten seconds until the end', async () => {
  const clock = new VirtualClock(1000)
  const printed: string[] = []
  const show = new Show({ clock, screen: undefined, print: ({ text }) => printed.push(text) })
  const stop = new AbortController()
  const running = show.run(stop.signal)
  await clock.advance(10_000)
  show.count(numbers)
  show.begin('a chapter')
  await clock.advance(10_000)
  show.tell('something')
  show.close('over', [line('summary')], { advice: [line('advice')], chart: [line('chart')] })
  await clock.advance(20_000)
  show.leave()
  expect(printed).toEqual([
    '0:10  a chapter',
    '0:20  canary frontend: since 11000; 7 requests, 0 lost by Serin',
    '0:20  something',
    '',
    'chart',
    'summary',
    '',
    'advice'
  ])
  stop.abort()
  await running
})

test('on a screen, nothing is printed until it is left, and then the summary alone', async () => {
  const clock = new VirtualClock()
  const [printed, drawn]: [string[], string[]] = [[], []]
  const screen = new Screen({ columns: 80, rows: 24, write: (text) => drawn.push(text) }, 'none')
  const show = new Show({ clock, screen, print: ({ text }) => printed.push(text) })
  const stop = new AbortController()
  const running = show.run(stop.signal)
  show.count(numbers)
  show.begin('a chapter')
  await clock.advance(250)
  expect(drawn.join('')).toContain('serin demo  0:00  a chapter')
  show.close('over', [line('summary')], { advice: [line('advice')], chart: [line('chart')] })
  await clock.advance(250)
  expect(drawn.join('')).toContain('advice')
  stop.abort()
  await running
  expect(printed).toEqual([])
  show.leave()
  expect(printed).toEqual(['chart', 'summary'])
  expect(drawn.at(-1)).toContain('?1049l')
})
