import { expect, test } from 'vitest'
import { type DemoState, type DemoSummary, frame, line, succeeded, summaryLines } from './demo-view.ts'

const STATE: DemoState = {
  elapsed: 12_340,
  story: 'a good release',
  phase: 'Progressing',
  rows: [
    { name: 'frontend-primary', weight: 90, requests: 1200, success: 100, p99: 4.2 },
    { name: 'frontend', weight: 10, requests: 0, success: undefined, p99: undefined }
  ],
  requestsPerSecond: 100,
  lost: 0,
  events: ['Advance frontend.shop canary weight 10']
}
const SUMMARY: DemoSummary = { promotedAfter: 31_000, rolledBackAfter: 9500, requests: 8000, failedByBadRelease: 12, lost: 0 }

test('a frame shows phase, weights and what each version answered, and keeps its height', () => {
  const lines = frame(STATE, 100)
  expect(lines.slice(0, 6)).toEqual([
    'serin demo  12.3 s  a good release',
    'canary frontend: Progressing   100 requests/s   lost by Serin: 0',
    '',
    'version           weight                                  requests   success       p99',
    'frontend-primary    90 %  ###########################         1200   100.0 %    4.2 ms',
    'frontend            10 %  ###                                    0         -         -'
  ])
  expect(lines).toHaveLength(frame({ ...STATE, events: Array.from({ length: 50 }, String) }, 100).length)
  for (const text of frame(STATE, 20)) expect(text.length).toBeLessThanOrEqual(20)
})

test('a line says the same for a log', () => {
  expect(line(STATE)).toBe('12.3 s Progressing: frontend-primary 90 % 1200 req 100.0 % p99 4.2 ms; frontend 10 % 0 req - p99 -; lost 0')
})

test.each([
  [{}, true],
  [{ lost: 1 }, false],
  [{ promotedAfter: undefined }, false],
  [{ rolledBackAfter: undefined }, false],
  [{ requests: 0 }, false]
])('the demo with %j succeeded: %s', (over, good) => {
  expect(succeeded({ ...SUMMARY, ...over })).toBe(good)
})

test('the summary says what did not happen', () => {
  expect(summaryLines({ ...SUMMARY, rolledBackAfter: undefined })[1]).toBe('bad release rolled back:   did not happen')
})
