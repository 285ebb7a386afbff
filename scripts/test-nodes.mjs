// npm run test:nodes [-- FILTER...]: the suites that need one process or few (projects unit and data), on the newest release of Node; and the
// built program on the oldest that package.json promises. Part of npm run test:long; npm test runs the engine's alone.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensurePackages, root } from './setup.mjs'

/** The newest release, and the oldest of `engines`. */
export const NEWEST = '26.10.0'
const OLDEST = '22.19.0'

/** The engine's suites: what a release of Node could break. */
export const ENGINE = ['src/proxy/engine', 'src/proxy/transport', 'src/proxy/idle-upstreams', 'test/read-mode']

/** The program of a release, from npm's package of it, kept below node_modules; undefined where it cannot be had. */
export function nodeOf(version) {
  const cache = join(root, 'node_modules', '.cache', 'serin')
  const program = join(cache, `node-${version}`, 'bin', 'node')
  if (existsSync(program)) return program
  console.error(`serin: downloading Node ${version} for the tests (npm pack)`)
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'unpack-'))
  const run = (...words) => spawnSync(words[0], words.slice(1), { cwd: scratch, stdio: 'ignore', timeout: 180_000 }).status === 0
  if (run('npm', 'pack', '--ignore-scripts', `node-${process.platform}-${process.arch}@${version}`)) {
    const file = readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? ''
    if (run('tar', '-xzf', file, 'package/bin/node')) {
      chmodSync(join(scratch, 'package', 'bin', 'node'), 0o755)
      rmSync(join(cache, `node-${version}`), { recursive: true, force: true })
      renameSync(join(scratch, 'package'), join(cache, `node-${version}`))
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
  const [newest, oldest] = [nodeOf(NEWEST), nodeOf(OLDEST)]
  if (newest === undefined || oldest === undefined) {
    console.error(`serin: Node ${NEWEST} and ${OLDEST} cannot be had from npm's registry`)
    return 1
  }
  const suites = suitesOn(newest, words)
  return words.length > 0 ? (suites ?? 1) : (suites ?? 1) || (builtOn(oldest) ?? 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensurePackages()
  process.exit(testNodes(process.argv.slice(2)))
}
