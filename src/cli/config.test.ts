import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test.each([
  ['', { images: {} }],
  ['images: {"reviews:*": "serin/demo"}', { images: { 'reviews:*': 'serin/demo' } }],
  ['images:\n  api: [node, api.mjs]\n', { images: { api: ['node', 'api.mjs'] } }],
  ['image: {}', ['image: unknown field; only images is known']],
  ['images: []', ['images: must be a map from image patterns to an image or a command']],
  ['images: {a: 1}', ['images["a"]: must be an image, a command line or a list of words']],
  ['images: {', expect.arrayContaining([expect.stringContaining('line 1')])]
])('%j', (text, want) => {
  expect(readConfig(text)).toEqual(want)
})
