import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test.each([
  ['', { images: {} }],
  ['images: {"reviews:*": "serin/demo"}', { images: { 'reviews:*': 'serin/demo' } }],
  ['images:\n  api: [node, api.mjs]\n', { images: { api: ['node', 'api.mjs'] } }],
  ['accessLogFormat: "%DURATION% 100%%"', { images: {}, accessLogFormat: '%DURATION% 100%%' }],
  ['accessLogFormat: {ms: "%DURATION%"}', { images: {}, accessLogFormat: { ms: '%DURATION%' } }],
  ['accessLogFormat:\n  a: "x"\n  b: "%NO%"\n', ['c:3: accessLogFormat.b: %NO% is not a command that Envoy knows']],
  ['accessLogFormat: 3', ['c:1: accessLogFormat: must be a format string, or a map of them']],
  ['shadowHostSuffix: true', { images: {}, shadowHostSuffix: true }],
  ['shadowHostSuffix: yes please', ['c:1: shadowHostSuffix: must be true or false']],
  [
    'limits:\n  idleTimeout: 1m30s\n  headBytesMax: 100k\n  pendingBytesMax: 16Ki\n  retainBytesMax: 0\n  fieldsMax: 512\n',
    { images: {}, limits: { idleTimeout: 90_000, headBytesMax: 100_000, pendingBytesMax: 16_384, retainBytesMax: 0, fieldsMax: 512 } }
  ],
  ['readMode: data', { images: {}, readMode: 'data' }],
  ['images: {}\nreadMode: fast\n', ['c:2: readMode: must be buffer or data']],
  ['limits: {}', { images: {}, limits: {} }],
  ['limits: 3', ['c:1: limits: must be a map from names to values; docs/limits.md has them']],
  ['limits:\n  idleTimeout: 60\n', ['c:2: limits.idleTimeout: 60: must be a duration such as 60s, from 100ms to 24h']],
  ['limits:\n  idleTimeout: 99ms\n', ['c:2: limits.idleTimeout: "99ms": must be a duration such as 60s, from 100ms to 24h']],
  ['limits:\n  fieldsMax: 513\n', ['c:2: limits.fieldsMax: 513: must be a whole number, from 16 to 512']],
  ['limits:\n  fieldsMax: "100"\n', ['c:2: limits.fieldsMax: "100": must be a whole number, from 16 to 512']],
  ['limits:\n  requestsMax: 1.5\n', ['c:2: limits.requestsMax: 1.5: must be a whole number, from 1 to 1000000']],
  [
    'limits:\n  copiesMax: 1\n  headBytesMax: 1Ti\n  bytesMax: 1\n',
    [
      'c:3: limits.headBytesMax: "1Ti": must be bytes such as 65536 or 64Ki, from 1Ki to 256Ki',
      expect.stringMatching(/^c:4: limits.bytesMax: unknown limit; known are headBytesMax, .*, accessLogBytesMax$/)
    ]
  ],
  ['image: {}', ['c:1: image: unknown field; known are images, accessLogFormat, shadowHostSuffix, limits, readMode, controller']],
  ['images: []', ['c:1: images: must be a map from image patterns to an image or a command']],
  ['images:\n  b: x\n  "a:*": 1\n', ['c:3: images.a:*: must be an image, a command line or a list of words']],
  ['images: {}\n---\nimages: {}\n', ['c:3: a second document: only one is read']],
  ['images: {', expect.arrayContaining([expect.stringContaining('c:1: ')])]
])('%j', (text, want) => {
  expect(readConfig(text, 'c')).toEqual(want)
})
