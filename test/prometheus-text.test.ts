// The oracle itself: what the format allows and what it does not.

import { expect, test } from 'vitest'
import { exposition } from '../src/metrics/exposition.ts'
import { Recorder } from '../src/metrics/recorder.ts'
import { readMetrics } from './prometheus-text.ts'

test.each([
  ['a 1\n'],
  ['# any comment\n\na{} 1\n'],
  ['# HELP a b \\\\ c\\n\n# TYPE a counter\na{x="\\"\\\\\\n",} 1.5e3 -7\n'],
  ['a NaN\nb +Inf\nc -1\n'],
  ['# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n']
])('%j is read', (text) => {
  expect(readMetrics(text).length).toBeGreaterThan(0)
})

test.each([
  ['a 1', 'line feed'],
  ['a 1\r\n', 'carriage return'],
  ['1a 1\n', 'no metric name'],
  ['a one\n', 'not a value'],
  ['a{x="1"}2\n', 'not a value'],
  ['a{x=1} 2\n', 'not a label value'],
  ['a{x="\\t"} 2\n', 'not a label value'],
  ['a{x="1" y="2"} 2\n', 'neither comma nor brace'],
  ['a{x="1",x="2"} 2\n', 'label x twice'],
  ['a{1="1"} 2\n', 'not a label name'],
  ['a 1 soon\n', 'not a timestamp'],
  ['# TYPE a number\n', 'not a type'],
  ['a 1\n# TYPE a counter\n', 'TYPE after a sample'],
  ['# HELP a x\n# HELP a y\n', 'a second HELP'],
  ['# HELP a \\t\n', 'escape'],
  ['a 1\nb 1\na{x="1"} 1\n', 'do not stand together'],
  ['a{x="1"} 1\na{x="1"} 2\n', 'series twice'],
  ['# TYPE a counter\na -1\n', 'below 0'],
  ['# TYPE h histogram\nh_bucket{le="2"} 1\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', 'do not rise'],
  ['# TYPE h histogram\nh_bucket{le="2"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', 'fall'],
  ['# TYPE h histogram\nh_bucket{le="2"} 2\nh_sum 1\nh_count 2\n', 'no bucket +Inf'],
  ['# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 3\n', 'last bucket'],
  ['# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n', 'no _sum']
])('%j is refused: %s', (text, why) => {
  expect(() => readMetrics(text)).toThrow(why)
})

test("Istio's metrics are valid with any label values and any durations", () => {
  const recorder = new Recorder()
  const nasty = ['', 'a"b', 'c\\', 'd\ne', '{}', 'é', '\u2028', 'x'.repeat(3000), '#', '\\n']
  for (const [index, value] of nasty.entries()) {
    const cell = recorder.cell({
      reporter: index % 2 === 0 ? 'source' : 'destination',
      sourceWorkload: value,
      sourceNamespace: value,
      sourceApp: value,
      sourceVersion: value,
      destinationWorkload: value,
      destinationNamespace: value,
      destinationApp: value,
      destinationVersion: value,
      destinationService: value,
      destinationServiceName: value,
      destinationServiceNamespace: value
    })
    for (const duration of [0, 0.4, 1, 2.5, 999_999]) cell.record(200 + index, 'UF,URX', duration)
  }
  const text = exposition(recorder.snapshot(), [
    { name: 'serin_x', type: 'gauge', help: 'X.', samples: [{ labels: { y: 'a"\n' }, value: 1e21 }] }
  ])
  const families = readMetrics(text)
  expect(families.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'istio_requests_total counter',
    'istio_request_duration_milliseconds histogram',
    'istio_request_bytes histogram',
    'istio_response_bytes histogram',
    'serin_x gauge'
  ])
  const read = families[0]?.samples.map(({ labels }) => labels.get('source_workload'))
  expect(new Set(read)).toEqual(new Set(nasty))
})
