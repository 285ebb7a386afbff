// Brings the checkout to a runnable state under any Node >= 18: packages when the lock file changed, nothing otherwise.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const stamp = join(root, 'node_modules', '.serin-lock')
const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

// Whether somebody has typed `npm ci`: npm notes what it installed, but for packages of other platforms.
const isInstalled = () => {
  const noted = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(noted)) return false
  const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages
  const [{ '': _, ...wanted }, there] = [packagesIn(join(root, 'package-lock.json')), packagesIn(noted)]
  return Object.entries(wanted).every(([path, { version, optional }]) => there[path]?.version === version || (optional && !there[path]))
}

/** Runs `npm ci` when node_modules does not match package-lock.json; exits with a sentence when that is impossible. */
export function ensurePackages() {
  const want = lockHash()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return
  if (!existsSync(stamp) && isInstalled()) return writeFileSync(stamp, want)
  console.error('serin: installing packages (npm ci)')
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.status !== 0) {
    const why = done.error ? done.error.message : `npm ci ended with ${done.status ?? done.signal}`
    console.error(`serin: packages could not be installed: ${why}. Check that npm reaches its registry, then run the command again.`)
    process.exit(1)
  }
  writeFileSync(stamp, want)
}

const isThere = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined

/**
 * Programs that are missing still, after those of a Debian package (`{ program: package }`) were installed where that is permitted. Says what
 * it does, and what to type where it may not.
 */
export function ensurePrograms(packages) {
  const missing = () => Object.keys(packages).filter((program) => !isThere(program))
  const wanted = missing().map((program) => packages[program])
  if (wanted.length === 0) return []
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...wanted]
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    console.error(`serin: ${missing().join(' and ')} missing: as root, type "${command.join(' ')}"`)
    return missing()
  }
  console.error(`serin: installing ${wanted.join(' and ')} (apt-get)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const words of [['apt-get', 'update', '-qq'], command]) spawnSync(words[0], words.slice(1), { stdio: ['ignore', 2, 2], env })
  return missing()
}

/**
 * The folder of a program that is not to be installed, as its package would start a service: the package is downloaded and unpacked below
 * node_modules. undefined where that cannot be.
 */
export function unpackedProgram(program, debianPackage) {
  const cache = join(root, 'node_modules', '.cache', 'serin')
  const folder = join(cache, debianPackage, 'usr', 'bin')
  if (existsSync(join(folder, program))) return folder
  if (!isThere('apt-get') || !isThere('dpkg-deb')) return undefined
  console.error(`serin: downloading ${debianPackage} for the tests (apt-get download)`)
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, 'unpack-'))
  const run = (...words) => spawnSync(words[0], words.slice(1), { cwd: scratch, stdio: 'ignore', timeout: 120_000 }).status === 0
  // Without a network it is given up soon.
  const apt = (...words) => run('apt-get', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15', ...words)
  const download = () => apt('download', debianPackage)
  if (download() || (process.getuid?.() === 0 && apt('update', '-qq') && download())) {
    const file = readdirSync(scratch).find((name) => name.endsWith('.deb')) ?? ''
    if (run('dpkg-deb', '-x', file, 'unpacked')) {
      rmSync(join(cache, debianPackage), { recursive: true, force: true })
      renameSync(join(scratch, 'unpacked'), join(cache, debianPackage))
    }
  }
  rmSync(scratch, { recursive: true, force: true })
  return existsSync(join(folder, program)) ? folder : undefined
}

/** The node binary to develop with: the one npm brought, else the running one when it is new enough. */
export function developmentNode() {
  const brought = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) return brought
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath
  console.error(
    `serin: needs Node >= 22.19; this is ${process.versions.node}, and npm has no Node package for ${process.platform}-${process.arch}. Install Node 24.`
  )
  process.exit(1)
}
