import { expect, test } from 'vitest'
import type { LoadAnswer } from '../load/generate.ts'
import type { CellData, CellLabels } from '../metrics/recorder.ts'
import { gatewayCount, Ledger, total } from './demo-ledger.ts'

const answered = (status: number, body: unknown): LoadAnswer => ({ kind: 'answered', status, body: JSON.stringify(body), ms: 1 })
const frontend = (version: string): unknown => ({ app: 'frontend', version })

test('each end of a request is counted once: good, failed by a version itself, or lost', () => {
  const ledger = new Ledger(['frontend', 'frontend-primary'])
  ledger.add(answered(200, frontend('1.0')))
  ledger.add(answered(200, { app: 'frontend-primary', version: '1.0' }))
  ledger.add(answered(500, frontend('1.2')))
  ledger.add(answered(502, frontend('1.0')))
  ledger.add({ kind: 'answered', status: 503, body: 'no healthy upstream', ms: 1 })
  ledger.add(answered(200, { app: 'reviews', version: 'v1' }))
  ledger.add(answered(500, 'text'))
  ledger.add({ kind: 'unanswered', error: 'ECONNRESET', ms: 1 })
  const { ended, answered: whole, good, failedBy, lost } = ledger.tally()
  expect([ended, whole, good]).toEqual([8, 7, 2])
  expect(Object.fromEntries(failedBy)).toEqual({ '1.2': 1 })
  expect(Object.fromEntries(lost)).toEqual({
    'answered 502 by version 1.0': 1,
    'answered 503, but not by the application: no healthy upstream': 1,
    'answered 200, but not by the application: {"app":"reviews","version":"v1"}': 1,
    'answered 500, but not by the application: "text"': 1,
    'no answer (ECONNRESET)': 1
  })
  expect(ended).toBe(good + total(failedBy) + total(lost))
})

test('the gateway is counted where it is the source, each request once', () => {
  const cell = (over: Partial<CellLabels>, codes: readonly (readonly [code: number, count: number])[]): CellData => ({
    labels: { reporter: 'source', sourceWorkload: 'istio-ingressgateway', ...over } as CellLabels, // the others are not read
    counts: codes.map(([code, count]) => ({ code, flags: '-', count, sum: 0, buckets: [] }))
  })
  const cells = [
    cell({ destinationWorkload: 'frontend' }, [
      [200, 5],
      [500, 2]
    ]),
    cell({ destinationWorkload: 'unknown' }, [
      [404, 1],
      [503, 1]
    ]),
    cell({ reporter: 'destination' }, [[200, 5]]),
    cell({ sourceWorkload: 'frontend' }, [[500, 9]])
  ]
  expect(gatewayCount(cells)).toEqual({ requests: 9, failed: 3 })
})
