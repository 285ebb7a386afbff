import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { decode } from '../api/decode.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { convertRollouts } from './convert-rollouts.ts'

const FOLDER = 'test/golden/convert'
const RULER = '\n==== converted ====\n'

const shown = (text: string): string => {
  const { objects, lines, complete } = convertRollouts([{ file: 'f.yaml', text }])
  return `${objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')}==== ${complete ? 'complete' : 'incomplete'} ====\n${lines.join('\n')}\n`
}

// Input and outcome in one file; UPDATE=1 writes the outcome anew.
test.each(readdirSync(FOLDER))('golden/convert/%s', (name) => {
  const path = join(FOLDER, name)
  const [input = '', outcome = ''] = readFileSync(path, 'utf8').split(RULER)
  const now = shown(input)
  if (process.env['UPDATE'] === '1') writeFileSync(path, `${input}${RULER}${now}`)
  expect(process.env['UPDATE'] === '1' ? outcome : now).toBe(outcome)
})

test.each(readdirSync(FOLDER))('what comes of golden/convert/%s is what the API takes', (name) => {
  const [text = ''] = readFileSync(join(FOLDER, name), 'utf8').split(RULER)
  for (const object of convertRollouts([{ file: 'f', text }]).objects) {
    const kind = FLAGGER_KINDS.find((each) => each.kind === object.kind)
    expect(kind === undefined ? [] : decode(kind, JSON.parse(JSON.stringify(object))).problems).toEqual([])
  }
})

test('files without a Rollout, and files that cannot be read, are not complete', () => {
  expect(convertRollouts([])).toMatchObject({ complete: false, lines: ['error there is no Rollout (argoproj.io) among the files'] })
  expect(convertRollouts([{ file: 'x', text: 'a: [' }]).lines[0]).toMatch(/^x:\d+: error /)
})
