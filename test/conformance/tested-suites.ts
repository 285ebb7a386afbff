// The suites whose cases are run by tests beside the code they judge: vitest runs those files on the folder asked for, and what they report is
// told here in the lines of all suites.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Reporter, startVitest, type TestCase, type TestModule } from 'vitest/node'
import type { LeftOut } from '../data.ts'
import { emptyResult, type OpenResult, type SuiteResult } from './suite.ts'

interface TestedSuite {
  readonly name: string
  /** What of the data it needs. */
  readonly data: string
  readonly file: string
  /** Full names of the tests that are its cases; other tests of the file are not its business. Default: all. */
  readonly cases?: RegExp
}

const SUITES: readonly TestedSuite[] = [
  { name: 'json-patch', data: 'json-patch', file: 'src/store/json-patch.test.ts', cases: /^the public JSON patch cases/ },
  { name: 'merge-patch', data: 'json-patch', file: 'src/store/merge-patch.test.ts', cases: /^RFC 7396/ },
  { name: 'strategic-merge', data: 'strategic-merge', file: 'src/store/strategic-merge-patch.test.ts', cases: /^the public strategic/ },
  { name: 'definitions', data: 'istio-crds.yaml', file: 'src/api/schema-compare.test.ts' },
  { name: 'observed-istio', data: 'observed-istio', file: 'src/proxy/observed-istio.test.ts', cases: /^answers as Istio/ },
  { name: 'router-check', data: 'router-check', file: 'src/route/router-check.test.ts', cases: /^(?!the router suite is there)/ },
  { name: 'http1', data: 'http1', file: 'src/proxy/scanner.test.ts', cases: /^the scanner reads or refuses/ },
  { name: 'http1 through the mesh', data: 'http1', file: 'src/proxy/http1-cases.test.ts', cases: /^(request|response)-/ },
  { name: 'flagger-live', data: 'flagger-live', file: 'src/control/rollout-replay.test.ts', cases: /goes as recorded/ },
  { name: 'flagger-live objects', data: 'flagger-live', file: 'src/rollout/render.test.ts' },
  { name: 'samples', data: 'samples', file: 'src/api/yaml-samples.test.ts' },
  { name: 'samples of built-in kinds', data: 'samples', file: 'src/api/builtin-rules-samples.test.ts' },
  { name: 'virtualservices', data: 'virtualservices', file: 'src/lint/lint.test.ts', cases: /route tests are linted/ },
  { name: 'route inputs and samples', data: 'virtualservices', file: 'src/route/route-inputs.test.ts', cases: /\.yaml$/ },
  { name: 'virtualservices admission', data: 'virtualservices', file: 'src/lint/istio-admission.test.ts', cases: /^admission case:/ },
  { name: 'analyzer', data: 'analyzer', file: 'src/lint/istio-analyzer.test.ts', cases: /^analyzer case:/ },
  { name: 'observed-istio validation', data: 'observed-istio', file: 'src/lint/istio-observed.test.ts', cases: /^observed/ }
]

/** Runs all of them on the folder `data`; one whose part of the folder is missing fails with that. */
export async function runTestedSuites(root: string, data: string): Promise<SuiteResult[]> {
  const here = SUITES.filter((suite) => existsSync(join(data, suite.data)))
  const modules = await runFiles(
    root,
    data,
    here.map((suite) => suite.file)
  )
  return SUITES.map((suite) => {
    if (!here.includes(suite)) {
      const result = emptyResult(suite.name)
      result.failed.push({ id: `${suite.name}/data`, why: `${join(data, suite.data)} is missing` })
      return result
    }
    return resultOf(
      suite,
      modules.find((module) => module.moduleId.endsWith(suite.file))
    )
  })
}

async function runFiles(root: string, data: string, files: readonly string[]): Promise<readonly TestModule[]> {
  const collected: TestModule[] = []
  const reporter: Reporter = { onTestRunEnd: (modules) => void collected.push(...modules) }
  process.env['SERIN_DATA'] = data
  const vitest = await startVitest('test', [...files], { root, watch: false, run: true, project: ['unit'], reporters: [reporter] })
  await vitest.close()
  return collected
}

function resultOf(suite: TestedSuite, module: TestModule | undefined): SuiteResult {
  const result = emptyResult(suite.name)
  const trouble = module === undefined ? ['the file was not run'] : module.errors().map((error) => error.message)
  for (const why of trouble) result.failed.push({ id: `${suite.name}/${suite.file}`, why })
  for (const test of module?.children.allTests() ?? []) count(test, suite, result)
  // a case that differs on purpose, or is known not to pass, is judged by that: it does not count twice
  const told = [...result.deliberate, ...result.unsupported].map(({ id }) => id.slice(suite.name.length + 1))
  const isTold = (id: string): boolean => told.some((other) => id.endsWith(`: ${other}`) || id.includes(`: ${other}: `))
  return { ...result, passed: result.passed.filter((id) => !isTold(id)) }
}

function count(test: TestCase, suite: TestedSuite, result: OpenResult): void {
  const named = (left: readonly LeftOut[] = []): LeftOut[] => left.map(({ id, why }) => ({ id: `${suite.name}/${id}`, why }))
  const meta = test.meta()
  result.deliberate.push(...named(meta.deliberate))
  result.unsupported.push(...named(meta.unsupported))
  const { state, errors } = test.result()
  const id = `${suite.name}/${test.fullName}`
  if (state === 'failed') result.failed.push({ id, why: errors[0]?.message.split('\n')[0] ?? 'failed' })
  else if (state === 'passed' && (suite.cases?.test(test.fullName) ?? true)) result.passed.push(id)
}
