import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LoadPlan, readCommand, splitWords } from './load-plan.ts'

const cases: [string, Partial<LoadPlan>][] = [
  [
    'hey -z 1m -q 10 -c 2 http://api:8080/health',
    { url: 'http://api:8080/health', rate: 20, connections: 2, duration: 60_000, count: undefined, method: 'GET' }
  ],
  ['hey http://a/', { rate: undefined, connections: 50, count: 200, duration: 3_600_000 }],
  [
    "hey -m POST -d '{\"a\": 1}' -T application/json -H 'x-user: me' -host shop.example -n 10 -c 1 http://a/b?c=d",
    {
      method: 'POST',
      body: '{"a": 1}',
      headers: [
        ['Content-Type', 'application/json'],
        ['x-user', 'me'],
        ['Host', 'shop.example']
      ],
      count: 10
    }
  ],
  ['hey -z 5s -n 10 http://a/', { duration: 5000, count: undefined }],
  [
    'fortio load -c 50 -qps 0 -n 1000 -loglevel Warning http://reviews:8080/api/reviews',
    { connections: 50, rate: undefined, count: 1000, duration: 3_600_000 }
  ],
  ['fortio load http://a/', { connections: 4, rate: 8, duration: 5000, count: undefined }],
  ['wrk -t2 -c20 -d30s --latency http://a/', { connections: 20, duration: 30_000, rate: undefined, count: undefined }],
  ['wrk --threads 2 --connections=4 --rate 100 -d 5 http://a/', { connections: 4, duration: 5000, rate: 100 }],
  ['wrk http://a/', { connections: 10, duration: 10_000 }],
  ['fortio load -qps=100 -t=1m30s --quiet -payload x http://a/', { rate: 100, duration: 90_000, body: 'x', method: 'POST' }]
]
test.each(cases)('%s is read', (line, want) => {
  const reading = readCommand(line)
  expect(reading).toMatchObject({ kind: 'plan', plan: want })
})

test.each([
  ['ab http://a/', '"ab" is not a load command known here'],
  ['ghz --proto a.proto a:80', 'ghz loads gRPC services'],
  ['wrk -s post.lua http://a/', 'Lua scripts are not run here'],
  ['', '"" is not a load command'],
  ['hey', 'hey: "" is not a URL'],
  ['hey https://a/', 'only http:// URLs can be loaded'],
  ['hey -c 0 http://a/', '-c must be 1 to 1000'],
  ['hey -c 100000 http://a/', '-c must be 1 to 1000'],
  ['hey -c 1000 -q 1000 http://a/', 'the rate must be above 0 and at most 50000/s'],
  ['hey -z 2h http://a/', 'a load may last 60 minutes at most'],
  ['hey -z soon http://a/', '-z: "soon" is not a duration'],
  ['hey -H nocolon http://a/', 'is not a header'],
  ['hey -H "a: b\r\nc: d" http://a/', 'is not a header'],
  ['hey -c two http://a/', '-c: "two" is not a number'],
  ['hey -constructor 1 http://a/', 'flag -constructor is not known here'],
  ['hey http://a/ http://b/', 'unexpected word "http://b/"'],
  ["hey 'http://a/", 'a quote is not closed']
])('%s is refused', (line, why) => {
  const reading = readCommand(line)
  expect(reading.kind === 'problem' ? reading.message : 'read').toContain(why)
})

test('words quoted for sh are read back as they were', () => {
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), (words) => {
      expect(splitWords(words.map(quote).join(' '))).toEqual(words)
    })
  )
})
