// The recorded commands run with the first kubectl on the PATH; `npm run conformance` runs them with every kubectl there is.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedTarget } from '../conformance/embedded-target.ts'
import { findKubectls } from '../conformance/find-kubectls.ts'
import { runCommands } from '../conformance/kubectl-commands.ts'
import { readRecordings } from '../conformance/kubectl.ts'
import { suiteLines } from '../conformance/suite.ts'
import { dataPath } from '../data.ts'
import { KUBECTL_FOUND } from './run.ts'

describe('the recorded commands', () => {
  let targets: Awaited<ReturnType<typeof startEmbeddedTarget>>[] = []

  beforeAll(async () => {
    targets = await Promise.all([1, 2, 3].map(() => startEmbeddedTarget(dataPath(''))))
  })
  afterAll(async () => {
    await Promise.all(targets.map((target) => target.close()))
  })

  it.skipIf(!KUBECTL_FOUND)('kubectl: what it prints is what it printed with a real API server', { timeout: 480_000 }, async () => {
    const [kubectl] = findKubectls()
    if (kubectl === undefined) throw new Error('a kubectl that answers, and no version')
    const result = await runCommands(targets, kubectl, readRecordings(dataPath('')))
    console.log(
      suiteLines(result)
        .slice(0, 1 + result.failed.length)
        .join('\n')
    )
    expect(result.failed).toEqual([])
    expect(result.passed.length).toBeGreaterThan(200)
  })
})
