// Every document of the guides, of Flagger's published examples and of Istio's samples: created, or refused with what reason; what lint says
// of it; and of each Canary whether its release goes through. The tables are to be read with the eyes of those whose files they are.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KINDS } from '../../src/cli/kinds.ts'
import { lintManifests } from '../../src/lint/lint-manifests.ts'
import { placeText } from '../../src/lint/problem-text.ts'
import { dig } from '../../src/std/json.ts'
import { apiAnswer } from './api-answer.ts'
import { ORIGINS, type Origin, type Published, publishedBy } from './published.ts'
import { rolloutAnswer } from './rollout-answer.ts'

test.each(ORIGINS)('each document of %s is created and acted on, or refused with a reason (test/golden/samples)', async (origin) => {
  const path = `test/golden/samples/${origin}.txt`
  const actual = await tableOf(origin)
  if (process.env['UPDATE'] === '1') writeFileSync(path, actual)
  expect(actual).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '')
})

async function tableOf(origin: Origin): Promise<string> {
  const documents = publishedBy(origin)
  const rows: string[] = []
  for (const document of documents) rows.push(await rowOf(document, documents))
  return `${rows.join('\n')}\n`
}

async function rowOf({ file, text, at, value }: Published, documents: readonly Published[]): Promise<string> {
  const kind = dig(value, 'kind')
  const name = dig(value, 'metadata', 'name')
  const title = `${file} ${at}: ${typeof kind === 'string' ? kind : 'no kind'} ${typeof name === 'string' ? name : 'without a name'}`
  const found = at === 1 ? findingsIn(file, text) : []
  const others = documents.map(({ value: other }) => other)
  const rollout = kind === 'Canary' ? await rolloutAnswer(value, others) : []
  return [title, apiAnswer(value), ...found, ...rollout].join('\n  ')
}

// What is missing beside a file is in other files of the same author.
const BESIDE = new Set(['host-not-found', 'host-unknown-rule', 'gateway-not-found', 'delegate-not-found', 'subset-not-found'])

function findingsIn(file: string, text: string): readonly string[] {
  const { findings } = lintManifests([{ file, text }], KINDS)
  return findings
    .filter(({ code }) => !BESIDE.has(code))
    .map(({ line, severity, object, ...problem }) => `lint ${severity} at line ${line}: ${object?.kind ?? ''} ${placeText(problem)}`)
}
