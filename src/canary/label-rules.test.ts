import { expect, test } from 'vitest'
import { chosenLabels, DEFAULT_LABELS } from './label-rules.ts'

const LABELS = { 'app.kubernetes.io/part-of': 'shop', team: 'x' }

test.each([
  [[], {}],
  [[''], {}],
  [['app.kubernetes.io'], { 'app.kubernetes.io/part-of': 'shop' }],
  [['none', 'te'], { team: 'x' }],
  [['*'], LABELS]
])('labels that begin with one of %j come along', (prefixes, chosen) => {
  expect(chosenLabels(LABELS, { ...DEFAULT_LABELS, prefixes })).toEqual(chosen)
  expect(chosenLabels(undefined, { ...DEFAULT_LABELS, prefixes })).toEqual({})
})
