// The replay part of npm run conformance, with the oldest and the newest recording; the command itself replays them all.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataPath } from '../data.ts'
import { startEmbeddedTarget } from './embedded-target.ts'
import { readRecordings, replayRecording } from './kubectl.ts'

const data = dataPath('')
let target: Awaited<ReturnType<typeof startEmbeddedTarget>>

beforeAll(async () => {
  target = await startEmbeddedTarget(data)
})
afterAll(() => target.close())

test.each(['1.27.16', '1.36.3'])('the recordings of kubectl %s replay', { timeout: 60_000 }, async (version) => {
  const recording = readRecordings(data).find((one) => one.kubectl === version)
  if (recording === undefined) throw new Error(`no recording of kubectl ${version} in ${data}`)
  const result = await replayRecording(target, recording)
  expect(result.failed).toEqual([])
  expect(result.passed.length).toBeGreaterThan(200)
})
