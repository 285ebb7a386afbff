import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readCommandLine } from './options.ts'

const DEFAULTS = {
  files: [],
  dataDir: '.serin',
  config: undefined,
  workers: 1,
  apiPort: undefined,
  httpPort: undefined,
  httpsPort: undefined,
  adminPort: undefined,
  meshPort: undefined,
  prometheus: 'auto',
  metricsServer: undefined,
  metricsInterval: 15_000,
  noCrossNamespaceRefs: false,
  accessLog: 'text'
}

test.each([
  ['version', { kind: 'version' }],
  ['up', { kind: 'up', options: DEFAULTS }],
  ['up -f a --filename b -f=c -fd -f -', { kind: 'up', options: { ...DEFAULTS, files: ['a', 'c', 'd', '-', 'b'] } }],
  [
    'up -f a --filename=b --data-dir d --api-port 0 --workers 2',
    { kind: 'up', options: { ...DEFAULTS, files: ['a', 'b'], dataDir: 'd', apiPort: 0, workers: 2 } }
  ],
  [
    'up --config c --http-port 1 --https-port 2 --admin-port 3 --mesh-port=4',
    { kind: 'up', options: { ...DEFAULTS, config: 'c', httpPort: 1, httpsPort: 2, adminPort: 3, meshPort: 4 } }
  ],
  ['up --access-log json', { kind: 'up', options: { ...DEFAULTS, accessLog: 'json' } }],
  [
    'up --metrics-server http://p:9090/ --no-cross-namespace-refs',
    { kind: 'up', options: { ...DEFAULTS, metricsServer: 'http://p:9090', noCrossNamespaceRefs: true } }
  ],
  [
    'up --metrics-server http://p:9090 --metrics-interval 5s',
    { kind: 'up', options: { ...DEFAULTS, metricsServer: 'http://p:9090', metricsInterval: 5_000 } }
  ],
  ['up --prometheus off', { kind: 'up', options: { ...DEFAULTS, prometheus: 'off' } }],
  ['up --prometheus=http://p:9090/', { kind: 'up', options: { ...DEFAULTS, prometheus: { url: 'http://p:9090' } } }],
  ['demo', { kind: 'demo', options: { ...DEFAULTS, prometheus: 'off', dataDir: undefined, exit: 'on Ctrl-C in a terminal' } }],
  ['demo --exit --data-dir d', { kind: 'demo', options: { ...DEFAULTS, prometheus: 'off', dataDir: 'd', exit: 'at the end' } }],
  ['lint -f x', { kind: 'lint', options: { files: ['x'], failOn: 'error' } }],
  ['lint -f x --fail-on warning', { kind: 'lint', options: { files: ['x'], failOn: 'warning' } }]
])('serin %s', (line, command) => {
  expect(readCommandLine(line.split(' '))).toEqual(command)
})

test.each([
  ['lint', 'lint needs at least one -f PATH'],
  ['lint x.yaml', 'serin lint takes no "x.yaml": name files with -f'],
  ['lint -f x --fail-on info', '--fail-on must be error or warning, not "info"'],
  ['lint -f x --api-port 1', '"--api-port" is not an option of serin lint'],
  ['up --api-port 70000', '--api-port must be a port number from 0 to 65535, not "70000"'],
  ['up --mesh-port -1', '--mesh-port needs a value'],
  ['up --mesh-port=-1', '--mesh-port must be a port number from 0 to 65535, not "-1"'],
  ['up --api-port', '--api-port needs a value'],
  ['up --data-dir --workers 2', '--data-dir needs a value'],
  ['up --data-dir=', '--data-dir needs a value'],
  ['up --workers 0', '--workers must be 1 to 64, not "0"'],
  ['up --workers two', '--workers must be 1 to 64, not "two"'],
  ['up --metrics-interval 5s', '--metrics-interval is for --metrics-server, which is not there'],
  ['up --metrics-server http://p --metrics-interval 1m', '--metrics-interval must be a duration from 1s to 30s, not "1m"'],
  ['up --metrics-server http://p --metrics-interval 5', '--metrics-interval must be a duration from 1s to 30s, not "5"'],
  ['up --access-log yes', '--access-log must be text, json or off, not "yes"'],
  ['up --metrics-server p:9090', '--metrics-server must be a URL such as http://127.0.0.1:9090, not "p:9090"'],
  ['up --prometheus on', '--prometheus must be auto, off or a URL such as http://127.0.0.1:9090, not "on"'],
  ['up --prometheus ftp://p', '--prometheus must be auto, off or a URL such as http://127.0.0.1:9090, not "ftp://p"'],
  ['up --exit', '"--exit" is not an option of serin up'],
  ['up now', 'serin up takes no "now": name files with -f'],
  ['version --short', '"--short" is not an option of this command'],
  [
    'go',
    '"go" is not a command: use up, demo, lint, rehearse, backtest, convert, status, history, promote, pause, resume, abort, retry, restart, version or help'
  ]
])('serin %s is wrong: %s', (line, message) => {
  expect(readCommandLine(line.split(' '))).toEqual({ kind: 'wrong', message })
})

test('help is for all commands or for one, however it is asked for, and names every option', () => {
  const help = (line: string): string => {
    const command = readCommandLine(line.split(' ').filter((word) => word !== ''))
    return command.kind === 'help' ? command.text : ''
  }
  expect([help('--help'), help('-h'), help('help')]).toEqual(Array.from({ length: 3 }, () => help('')))
  expect(readCommandLine(['help', 'other'])).toMatchObject({ kind: 'wrong', message: expect.stringContaining('"other" is not a command') })
  for (const name of ['up', 'demo', 'lint', 'rehearse']) {
    expect(help(`${name} --help`)).toContain(`serin ${name}`)
    expect([help(`${name} -f x -h`), help(`help ${name}`)]).toEqual([help(`${name} --help`), help(`${name} --help`)])
    expect(help('')).toContain(`serin ${name}`)
  }
  for (const option of [
    '-f',
    '--data-dir',
    '--config',
    '--workers',
    '--api-port',
    '--http-port',
    '--https-port',
    '--admin-port',
    '--mesh-port'
  ]) {
    expect(help('up --help')).toContain(`\n    ${option} `)
  }
  expect(help('lint --help')).toMatch(/Exit status: 0 .*1 .*2 /)
})

// What a file loads, directly or not; types are gone by then.
function loadedBy(path: string, loaded: Set<string> = new Set()): ReadonlySet<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  const imports = readFileSync(path, 'utf8').matchAll(/^import (?!type )[^']*'(\.[^']+)'/gm)
  for (const [, file = ''] of imports) loadedBy(join(dirname(path), file), loaded)
  return loaded
}

test('any command waits for its command line to be read: what is loaded for that from other parts loads nothing more', () => {
  const here = import.meta.dirname
  const outside = [...loadedBy(join(here, 'options.ts'))].filter((path) => dirname(path) !== here)
  expect(outside).toContain(join(here, '../sim/regression.ts'))
  expect(outside.filter((path) => loadedBy(path).size > 1)).toEqual([])
})
