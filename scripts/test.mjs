// npm test: set up, then type-check, lint, format check, the test suites, and the engine's on the newest release of Node; ends with "N passed, N failed".
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { developmentNode, ensurePackages, ensurePrograms, root, unpackedProgram } from './setup.mjs'
import { ENGINE, newestAtHand, nodeOf, suitesOn } from './test-nodes.mjs'

ensurePackages()
const missing = ensurePrograms({ curl: 'curl', script: 'bsdutils', jq: 'jq', bc: 'bc' })
if (unpackedProgram('prometheus', 'prometheus') === undefined && spawnSync('prometheus', ['--version']).error !== undefined)
  missing.push('prometheus')
const node = developmentNode()
const bin = join(root, 'node_modules', '.bin')
const env = { ...process.env, PATH: [dirname(node), bin, process.env.PATH].join(delimiter) }
const scratch = mkdtempSync(join(tmpdir(), 'serin-test-'))
const report = join(scratch, 'report.json')
const count = { passed: 0, failed: 0 }

function check(name, command, args) {
  checkStatus(name, () => spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status)
}

function checkStatus(name, run) {
  const started = Date.now()
  const ok = run() === 0
  count[ok ? 'passed' : 'failed'] += 1
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}

check('types', 'tsc', ['--noEmit'])
check('lint', 'oxlint', ['--type-aware', '--deny-warnings', 'src', 'test', 'bench'])
check('format', 'oxfmt', ['--check'])

const suites = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  {
    cwd: root,
    env,
    stdio: 'inherit'
  }
)
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  count.passed += result.numPassedTests
  count.failed += result.numFailedTests
  // No package of npm's or Debian's brings a kubectl that is new enough.
  if (spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).error !== undefined) missing.push('kubectl (1.27 or later)')
  const skipped = result.numPendingTests + result.numTodoTests
  if (skipped > 0) console.log(`not run: ${skipped} tests that need ${missing.join(' and ') || 'what this machine lacks'}`)
  // A file that cannot be loaded fails without a failed test in it; so does an unhandled error.
  if (result.numFailedTests === 0 && suites.status !== 0) count.failed += 1
} catch {
  count.failed += 1
}
if (process.argv.length === 2) {
  const version = newestAtHand()
  const newest = nodeOf(version)
  if (newest === undefined) console.log("not run: the engine on the newest release of Node, which cannot be had from npm's registry")
  else checkStatus(`the engine on Node ${version}`, () => suitesOn(newest, ENGINE))
}
rmSync(scratch, { recursive: true, force: true })
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exit(count.failed === 0 ? 0 : 1)
