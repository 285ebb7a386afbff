// A history for `serin backtest --csv`, the one of docs/backtest.md: two days of six pods at 100 requests a second, 0.3 % of which fail in bursts
// of four; one pod begins late, and another fails 10 % for ten minutes. Made by chance with a seed: the same bytes each time.

import { madeHistory } from '../test/pod-history.ts'

const LOOK = 15_000
const LOOKS = (2 * 86_400_000) / LOOK
const START = Date.UTC(2026, 10, 20)
const HOUR = 3_600_000 / LOOK

const isBroken = (look: number): boolean => look >= 36 * HOUR && look < 36 * HOUR + 40
const pods = [0, 1, 2, 3, 4].map((index) => ({
  name: `api-${index}`,
  failing: (look: number): number => (index === 2 && isBroken(look) ? 0.1 : 0.003)
}))
const late = { name: 'api-5', from: 29 * HOUR, failing: (): number => 0.003 }

const series = madeHistory({ start: START, look: LOOK, looks: LOOKS, rate: 100, seed: 3, bursts: 4, pods: [...pods, late] })
const rows = [...Map.groupBy(series, ({ pod }) => pod)].flatMap(([pod, own]) => {
  const [requests, failures, , fast] = own.map(({ points }) => points)
  return (requests ?? []).map(({ at, value }, index) => ({
    at,
    text: `${at / 1000},${pod},${value},${failures?.[index]?.value ?? 0},${fast?.[index]?.value ?? 0}`
  }))
})
process.stdout.write('time,pod,requests,failures,le_100\n')
for (const { text } of rows.toSorted((one, other) => one.at - other.at)) process.stdout.write(`${text}\n`)
