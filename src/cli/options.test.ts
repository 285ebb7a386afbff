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
  meshPort: undefined
}

test.each([
  ['', { kind: 'help' }],
  ['--help', { kind: 'help' }],
  ['version', { kind: 'version' }],
  ['up', { kind: 'up', options: DEFAULTS }],
  ['up -f a --filename b -f=c', { kind: 'wrong', message: '"-f=c" is not an option of this command' }],
  [
    'up -f a --filename=b --data-dir d --api-port 0 --workers 2',
    { kind: 'up', options: { ...DEFAULTS, files: ['a', 'b'], dataDir: 'd', apiPort: 0, workers: 2 } }
  ],
  ['demo', { kind: 'demo', options: { ...DEFAULTS, dataDir: undefined, exit: 'on Ctrl-C in a terminal' } }],
  ['demo --exit --data-dir d', { kind: 'demo', options: { ...DEFAULTS, dataDir: 'd', exit: 'at the end' } }],
  ['lint -f x', { kind: 'lint', files: ['x'] }],
  ['lint', { kind: 'wrong', message: 'lint needs at least one -f PATH' }],
  ['up --api-port 70000', { kind: 'wrong', message: '--api-port must be a port number from 0 to 65535, not "70000"' }],
  ['up --api-port', { kind: 'wrong', message: '--api-port needs a value' }],
  ['up --workers 0', { kind: 'wrong', message: '--workers must be 1 to 64, not "0"' }],
  ['up now', { kind: 'wrong', message: '"now" is not an option of this command' }],
  ['go', { kind: 'wrong', message: '"go" is not a command: use up, demo, lint, version or help' }]
])('serin %s', (line, command) => {
  expect(readCommandLine(line.split(' ').filter((word) => word !== ''))).toEqual(command)
})
