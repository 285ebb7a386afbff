import { expect, test } from 'vitest'
import { readCommandLine } from './options.ts'
import { VERBS } from './rollout-options.ts'

const read = (line: string): unknown => {
  const command = readCommandLine(line.split(' '))
  return 'options' in command ? command.options : command
}

test('flags are read as kubectl takes them', () => {
  const api = { name: 'api', namespace: 'shop', context: 'c', kubeconfig: 'k', defaults: 'serin' }
  for (const line of [
    'status api -n shop --context c --kubeconfig k',
    'status -nshop --context=c --kubeconfig=k canary/api',
    'status -n=shop canaries.flagger.app/api --context c --kubeconfig k'
  ]) {
    expect(read(line)).toMatchObject(api)
  }
  expect(read('status api -w -ojson --exit --timeout 90s')).toMatchObject({
    mode: 'watch',
    output: 'json',
    exit: 'at the end',
    timeout: 90_000
  })
  expect(read('status -A')).toMatchObject({ name: undefined, scope: 'all', mode: 'once', exit: 'no' })
  expect(read('status api --watch=false')).toMatchObject({ mode: 'once' })
  expect(read('status api -w --exit-on-approval')).toMatchObject({ exit: 'at the end or an approval' })
})

test.each([...VERBS])('%s takes a name and a timeout', (verb) => {
  expect(read(`${verb} api`)).toMatchObject({ verb, name: 'api', timeout: 30_000 })
  expect(read(`${verb} api --timeout=0 -n shop`)).toMatchObject({ timeout: 0, namespace: 'shop' })
  expect(read(verb)).toMatchObject({ kind: 'wrong' })
  expect(read(`help ${verb}`)).toMatchObject({ kind: 'help', text: expect.stringContaining(`serin ${verb} NAME`) })
  expect(read(`${verb} --help`)).toMatchObject({ kind: 'help' })
})

test('history takes a name and an output', () => {
  expect(read('history canary/api -n shop -owide')).toMatchObject({ name: 'api', namespace: 'shop', output: 'wide' })
  expect(read('help history')).toMatchObject({ kind: 'help', text: expect.stringContaining('serin history NAME') })
})

test('what cannot be is said', () => {
  const wrong = (line: string): unknown => (read(line) as { readonly message?: string }).message
  expect(wrong('history')).toBe('history needs the NAME of a Canary')
  expect(wrong('history api -o table')).toBe('-o must be json, yaml or wide, not "table"')
  expect(wrong('history api --watch')).toBe('"--watch" is not an option of serin history')
  expect(wrong('promote a b')).toBe('promote takes one NAME, not "a b"')
  expect(wrong('status -o xml')).toBe('-o must be json, yaml, svg or wide, not "xml"')
  expect(wrong('status -o svg')).toBe('-o svg needs the NAME of a Canary, and no --watch')
  expect(wrong('history api -o svg')).toBe('-o must be json, yaml or wide, not "svg"')
  expect(wrong('status api -n')).toBe('-n needs a value')
  expect(wrong('status api -n --watch')).toBe('-n needs a value')
  expect(wrong('status api --force')).toBe('"--force" is not an option of serin status')
  expect(wrong('promote api --watch')).toBe('"--watch" is not an option of serin promote')
  expect(wrong('promote api --timeout soon')).toContain('--timeout must be a duration')
  expect(wrong('status --exit')).toBe('--exit needs the NAME of a Canary')
  expect(wrong('status api -A')).toContain('leave out the NAME')
  expect(wrong('status api --timeout 3s')).toBe('--timeout is for --watch')
  expect(wrong('status api --watch=maybe')).toContain('use true or false')
})

test('as a plugin of kubectl it takes options first, and only what kubectl takes for a kubeconfig', () => {
  expect(read('--as-kubectl-plugin -n shop status api')).toMatchObject({ name: 'api', namespace: 'shop', defaults: 'kubectl' })
  expect(read('--as-kubectl-plugin --context=c promote api')).toMatchObject({ verb: 'promote', context: 'c' })
  expect(read('--as-kubectl-plugin up')).toMatchObject({ kind: 'wrong', message: '"up" is not a command of kubectl serin' })
  expect(read('--as-kubectl-plugin')).toMatchObject({ kind: 'help' })
})
