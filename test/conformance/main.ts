// npm run conformance [-- DIR [case...]]: every data-driven suite on a folder of the form of ../shared/data. Exit code 1 when a case failed.

import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedTarget } from './embedded-target.ts'
import { readRecordings, replayRecording } from './kubectl.ts'
import { suiteLines, type SuiteResult } from './suite.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

async function main([folder, ...only]: readonly string[]): Promise<number> {
  const data = resolve(folder ?? join(root, '..', 'shared', 'data'))
  const results: SuiteResult[] = []
  const target = await startEmbeddedTarget(data)
  try {
    for (const recording of readRecordings(data)) {
      const result = await replayRecording(target, recording, only)
      for (const line of suiteLines(result)) console.log(line)
      results.push(result)
    }
  } finally {
    await target.close()
  }
  return results.some((result) => result.failed.length > 0) ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
