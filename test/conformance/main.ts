// npm run conformance [-- DIR [case...]]: every data-driven suite on a folder of the form of ../shared/data, a line for each and each failure by
// id. With cases, only those of the kubectl recordings. Exit code 1 when a case failed, 2 when there is no such folder.

import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedTarget } from './embedded-target.ts'
import { findKubectls } from './find-kubectls.ts'
import { runCommands } from './kubectl-commands.ts'
import { readRecordings, replayRecording } from './kubectl.ts'
import { suiteLines, type SuiteResult } from './suite.ts'
import { runTestedSuites } from './tested-suites.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
/** Servers that commands run against beside each other: a kubectl waits more than it computes. */
const TARGETS = 3

async function main([folder, ...only]: readonly string[]): Promise<number> {
  const data = resolve(folder ?? join(root, '..', 'shared', 'data'))
  if (!existsSync(join(data, 'kubectl'))) {
    console.error(`no conformance data in ${data}: give a folder of the form of ../shared/data (npm run conformance -- DIR)`)
    return 2
  }
  const failed: SuiteResult[] = []
  for await (const result of suites(data, only)) {
    for (const line of suiteLines(result)) console.log(line)
    if (result.failed.length > 0) failed.push(result)
  }
  if (failed.length > 0) console.log(`failed: ${failed.map((result) => result.suite).join(', ')}`)
  return failed.length > 0 ? 1 : 0
}

async function* suites(data: string, only: readonly string[]): AsyncGenerator<SuiteResult> {
  const target = await startEmbeddedTarget(data)
  const targets = [target, ...(await Promise.all(Array.from({ length: TARGETS - 1 }, () => startEmbeddedTarget(data))))]
  const recordings = readRecordings(data)
  try {
    for (const recording of recordings) yield await replayRecording(target, recording, only)
    const kubectls = findKubectls()
    if (kubectls.length === 0) console.log('kubectl: none on the PATH, so no recorded command is run')
    for (const kubectl of kubectls) yield await runCommands(targets, kubectl, recordings, only)
  } finally {
    await Promise.all(targets.map((each) => each.close()))
  }
  if (only.length > 0) return
  yield* await runTestedSuites(root, data)
}

process.exitCode = await main(process.argv.slice(2))
