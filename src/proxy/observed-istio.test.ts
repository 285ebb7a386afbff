// Replays what real Istio and Envoy did (../shared/data/observed-istio) through the whole of the data plane: rules compiled, the plane
// listening on loopback, real sockets and echo servers, virtual time (test/observed). One group: vitest run src/proxy/observed-istio.test.ts
// -t 'outlier:'; one case: -t ': outlier-reset:'. What does not pass stands in test/observed/exceptions.ts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCases } from '../../test/observed/case-file.ts'
import type { Case } from '../../test/observed/case-file.ts'
import { compareEntry } from '../../test/observed/compare.ts'
import { DELIBERATE, NOT_YET, exceptionOf, judge } from '../../test/observed/exceptions.ts'
import { compareVerdict } from '../../test/observed/verdicts.ts'
import { Loopback } from '../../test/observed/loopback.ts'
import { World } from '../../test/observed/world.ts'
import type { Ground } from '../../test/observed/world.ts'
import { assert } from '../std/bug.ts'
import { READ_MODE } from '../../test/read-mode.ts'

const cases = readCases()
let ground: Ground | undefined

beforeAll(async () => {
  ground = { readMode: READ_MODE, loopback: await Loopback.open() }
})

afterAll(() => ground?.loopback.close())

async function differencesOf(each: Case): Promise<readonly string[]> {
  const verdict = compareVerdict(each)
  if (verdict !== undefined) return verdict
  assert(ground !== undefined, 'made before all')
  const world = await World.open(each, ground)
  const differences: string[] = []
  try {
    for (const [at, entry] of each.requests.entries()) {
      differences.push(...compareEntry(each, entry, await world.play(entry)).map((line) => `request ${at}: ${line}`))
    }
  } finally {
    await world.close()
  }
  return differences
}

test('the observations are there (../shared/data/observed-istio beside the repository)', () => {
  expect(cases.length).toBeGreaterThan(300)
})

test('the tables of exceptions name cases, each once', () => {
  const ids = new Set(cases.map(({ id }) => id))
  const named = [...Object.keys(NOT_YET), ...DELIBERATE.map(({ id }) => id)]
  expect(named.filter((id) => !ids.has(id))).toEqual([])
  expect(named.filter((id, at) => named.indexOf(id) !== at)).toEqual([])
})

describe('answers as Istio and Envoy did', () => {
  for (const each of cases) {
    const { id } = each
    test(`${each.group}: ${id}: ${each.about}`, async ({ task }) => {
      const exception = exceptionOf(id)
      if (exception !== undefined) task.meta[exception.kind === 'deliberate' ? 'deliberate' : 'unsupported'] = [{ id, why: exception.why }]
      const wrong = judge(id, await differencesOf(each))
      expect(wrong.length, wrong.join('\n')).toBe(0)
    })
  }
})
