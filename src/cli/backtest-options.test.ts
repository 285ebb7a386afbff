import { expect, test } from 'vitest'
import { readCommandLine } from './options.ts'

const read = (...words: readonly string[]): unknown => {
  const command = readCommandLine(['backtest', ...words])
  return 'options' in command ? command.options : command
}
const PROMETHEUS = ['--prometheus', 'http://127.0.0.1:9090', '--workload', 'shop/api']

test('without more words it is two weeks of rollouts of half an hour', () => {
  expect(read(...PROMETHEUS)).toEqual({
    source: {
      kind: 'prometheus',
      url: 'http://127.0.0.1:9090',
      headers: {},
      namespace: 'shop',
      workload: 'api',
      since: 14 * 86_400_000,
      until: undefined
    },
    look: undefined,
    rollout: 1_800_000,
    alpha: 0.01,
    objective: undefined,
    incidents: [],
    output: 'text'
  })
})

test('all of it can be said', () => {
  const words = [
    '--since',
    '1d12h',
    '--until',
    '2026-11-22T10:00:00Z',
    '--header',
    'Authorization: Bearer x',
    '--look=5s',
    '--rollout',
    '1h'
  ]
  const more = ['--alpha', '0.02', '--objective', '500', '-ojson']
  const incidents = ['--incident', '2026-11-20T10:00:00Z..2026-11-20T10:20:00Z', '--incident=2026-11-21T00:00:00Z..2026-11-21T01:00:00Z']
  expect(read(...PROMETHEUS, ...words, ...more, ...incidents)).toMatchObject({
    source: { since: 36 * 3_600_000, until: Date.UTC(2026, 10, 22, 10), headers: { authorization: 'Bearer x' } },
    look: 5_000,
    rollout: 3_600_000,
    alpha: 0.02,
    objective: 500,
    output: 'json',
    incidents: [
      { from: Date.UTC(2026, 10, 20, 10), to: Date.UTC(2026, 10, 20, 10, 20) },
      { from: Date.UTC(2026, 10, 21), to: Date.UTC(2026, 10, 21, 1) }
    ]
  })
  expect(read('--csv', 'history.csv')).toMatchObject({ source: { kind: 'csv', file: 'history.csv' } })
})

test.each([
  [[], 'backtest needs either --prometheus URL or --csv FILE'],
  [[...PROMETHEUS, '--csv', 'x'], 'backtest needs either --prometheus URL or --csv FILE'],
  [['--csv', 'x', '--since', '1d'], '--since is for --prometheus: a file has all that is read of it'],
  [['--prometheus', 'localhost', '--workload', 'a/b'], '--prometheus must be a URL such as http://127.0.0.1:9090, not "localhost"'],
  [PROMETHEUS.slice(0, 2), 'backtest of a Prometheus needs --workload NAMESPACE/NAME'],
  [[...PROMETHEUS.slice(0, 2), '--workload', 'api'], '--workload must be NAMESPACE/NAME, not "api"'],
  [[...PROMETHEUS.slice(0, 2), '--workload', 'a/b"}'], '--workload must be NAMESPACE/NAME'],
  [[...PROMETHEUS, '--since', 'ever'], '--since must be a duration of ten minutes or more'],
  [[...PROMETHEUS, '--until', 'today'], '--until must be an instant'],
  [[...PROMETHEUS, '--rollout', '5s'], '--rollout must be a duration of a minute or more'],
  [[...PROMETHEUS, '--look', '0'], '--look must be a duration of a second or more, such as 15s'],
  [[...PROMETHEUS, '--alpha', '2'], '--alpha must be a chance'],
  [[...PROMETHEUS, '--objective', 'fast'], '--objective must be milliseconds'],
  [[...PROMETHEUS, '-o', 'xml'], '-o must be json, not "xml"'],
  [[...PROMETHEUS, '--incident', '2026-11-21T00:00:00Z..2026-11-20T00:00:00Z'], '--incident must be FROM..TO'],
  [[...PROMETHEUS, '--header', 'Bearer x\ny'], '--header must be NAME:VALUE'],
  [[...PROMETHEUS, '--watch'], '"--watch" is not an option of serin backtest']
])('%j is told what is wrong with it', (words, message) => {
  expect(read(...words)).toMatchObject({ kind: 'wrong', message: expect.stringContaining(message) })
})

test('there is help', () => {
  expect(read('--help')).toMatchObject({ kind: 'help', text: expect.stringContaining('serin backtest --csv FILE') })
})
