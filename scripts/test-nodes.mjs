// npm run test:nodes [-- FILTER...]: the suites that need one process or few (projects unit and data), on the newest release of Node; and the
// built program on the oldest that package.json promises. Part of npm run test:long; npm test runs the engine's alone.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensurePackages, root } from './setup.mjs'

/** The oldest release of `engines`. */
const OLDEST = '22.19.0'
const PACKAGE = `node-${process.platform}-${process.arch}`
const CACHE = join(root, 'node_modules', '.cache', 'serin')

/** The engine's suites: what a release of Node could break. */
export const ENGINE = ['src/proxy/engine', 'src/proxy/transport', 'src/proxy/idle-upstreams', 'test/read-mode']

const parts = (version) => version.split('.').map(Number)
const newer = (one, other) => {
  const [left, right] = [parts(one), parts(other)]
  const at = left.findIndex((part, place) => part !== right[place])
  return at >= 0 && left[at] > right[at]
}
const newestOf = (versions) =>
  versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version)).reduce((best, version) => (newer(version, best) ? version : best), '0.0.0')

/** The newest release that is kept here, so that the same one is used until somebody asks the registry again; undefined: none but the oldest. */
function newestKept() {
  const kept = existsSync(CACHE) ? readdirSync(CACHE).filter((name) => name.startsWith('node-')) : []
  const newest = newestOf(kept.map((name) => name.slice('node-'.length)))
  return newer(newest, OLDEST) ? newest : undefined
}

/** The newest release that npm's registry has of this platform's package; where it cannot be asked, the newest kept. */
export function newestReleased() {
  const { stdout, status } = spawnSync('npm', ['view', PACKAGE, 'versions', '--json'], { cwd: root, encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) return newestKept()
  // One version alone is no list.
  return newestOf([JSON.parse(stdout)].flat())
}

/** The newest release that does for every day: one that is kept is not looked up again. */
export function newestAtHand() {
  return newestKept() ?? newestReleased()
}

/** The program of a release, from npm's package of it, kept below node_modules; undefined where it cannot be had. */
export function nodeOf(version) {
  if (version === undefined) return undefined
  const program = join(CACHE, `node-${version}`, 'bin', 'node')
  if (existsSync(program)) return program
  console.error(`serin: downloading Node ${version} for the tests (npm pack)`)
  mkdirSync(CACHE, { recursive: true })
  const scratch = mkdtempSync(join(CACHE, 'unpack-'))
  const run = (...words) => spawnSync(words[0], words.slice(1), { cwd: scratch, stdio: 'ignore', timeout: 180_000 }).status === 0
  if (run('npm', 'pack', '--ignore-scripts', `${PACKAGE}@${version}`)) {
    const file = readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? ''
    if (run('tar', '-xzf', file, 'package/bin/node')) {
      chmodSync(join(scratch, 'package', 'bin', 'node'), 0o755)
      rmSync(join(CACHE, `node-${version}`), { recursive: true, force: true })
      renameSync(join(scratch, 'package'), join(CACHE, `node-${version}`))
    }
  }
  rmSync(scratch, { recursive: true, force: true })
  return existsSync(program) ? program : undefined
}

/** Runs suites on this program of Node, and everything that they start. */
export function suitesOn(node, words) {
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const projects = ['--project', 'unit', '--project', 'data']
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  return spawnSync(node, [vitest, 'run', ...projects, ...words], { cwd: root, env: { ...process.env, PATH: path }, stdio: 'inherit' })
    .status
}

// As people get it: JavaScript, which needs no Node that strips types.
function builtOn(node) {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' })
  if (built.status !== 0) return built.status
  return spawnSync(node, [join(root, 'scripts', 'try-built.mjs')], { cwd: root, stdio: 'inherit' }).status
}

/** All of it; 0 when nothing is wrong. */
export function testNodes(words) {
  const version = newestReleased()
  const [newest, oldest] = [nodeOf(version), nodeOf(OLDEST)]
  if (newest === undefined || oldest === undefined) {
    console.error(`serin: Node ${version ?? '(the newest)'} and ${OLDEST} cannot be had from npm's registry`)
    return 1
  }
  console.log(`serin: Node ${version} is the newest release`)
  const suites = suitesOn(newest, words)
  return words.length > 0 ? (suites ?? 1) : (suites ?? 1) || (builtOn(oldest) ?? 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensurePackages()
  process.exit(testNodes(process.argv.slice(2)))
}
