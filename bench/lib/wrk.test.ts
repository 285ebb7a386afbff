import { expect, test } from 'vitest'
import { readWrk, wrkWords } from './wrk.ts'

// As wrk 4.1.0 prints it.
const PRINTED = `Running 1s test @ http://127.0.0.1:40001/100
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.35ms  420.11us   9.07ms   91.17%
    Req/Sec    47.40k     2.41k   50.16k    70.00%
  Latency Distribution
     50%  812.00us
     75%    1.44ms
     90%    1.68ms
     99%    2.91ms
  47199 requests in 1.00s, 11.34MB read
Requests/sec:  47113.14
Transfer/sec:     11.32MB
`

test('requests, time and percentiles are read, in milliseconds', () => {
  expect(readWrk(PRINTED)).toEqual({ requests: 47_199, seconds: 1, errors: 0, p50: 0.812, p99: 2.91 })
})

test('answers that are not 2xx or 3xx and failures of sockets are errors', () => {
  const bad = PRINTED.replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 100\nRequests/sec'
  )
  expect(readWrk(bad).errors).toBe(110)
})

test('seconds and minutes are read as well, with the blank that stands behind a short unit', () => {
  const slow = PRINTED.replace('2.91ms', '1.25s ').replace('in 1.00s', 'in 1.50m')
  expect(readWrk(slow)).toMatchObject({ p99: 1250, seconds: 90 })
})

test('what is no result is refused', () => {
  expect(() => readWrk('unable to connect to 127.0.0.1:1 Connection refused')).toThrow('unable to connect')
})

test('the words ask for one thread, the given connections and the whole distribution', () => {
  const words = wrkWords({ path: '/10k', connections: 16 }, { port: 8080, host: 'a.b' }, 2)
  expect(words.join(' ')).toContain('-t 1 -c 16 -d 2s --timeout 10s --latency -H Host: a.b -H User-Agent:')
  expect(words.at(-1)).toBe('http://127.0.0.1:8080/10k')
})
