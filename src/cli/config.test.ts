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
  ['image: {}', ['c:1: image: unknown field; known are images, accessLogFormat, shadowHostSuffix']],
  ['images: []', ['c:1: images: must be a map from image patterns to an image or a command']],
  ['images:\n  b: x\n  "a:*": 1\n', ['c:3: images.a:*: must be an image, a command line or a list of words']],
  ['images: {}\n---\nimages: {}\n', ['c:3: a second document: only one is read']],
  ['images: {', expect.arrayContaining([expect.stringContaining('c:1: ')])]
])('%j', (text, want) => {
  expect(readConfig(text, 'c')).toEqual(want)
})
