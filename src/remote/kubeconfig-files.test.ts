import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findAccess, type KubeconfigQuery } from './kubeconfig-files.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'serin-kubeconfig-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(name: string): string {
  const path = join(dir, name)
  writeFileSync(
    path,
    `
clusters: [{name: c, cluster: {server: "https://${name}.test"}}]
contexts: [{name: ${name}, context: {cluster: c}}]
current-context: ${name}
`
  )
  return path
}

const nameOf = (query: Partial<KubeconfigQuery>): unknown => {
  try {
    return findAccess({ env: {}, defaults: [join(dir, 'home')], ...query }).name
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

test('a named file counts alone, then KUBECONFIG, then the first default that is there', () => {
  const [a, b, home] = [write('a'), write('b'), write('home')]
  expect(nameOf({ file: a, env: { KUBECONFIG: b } })).toBe('a')
  expect(nameOf({ env: { KUBECONFIG: `${join(dir, 'none')}:${b}:${a}` } })).toBe('b')
  expect(nameOf({ env: { KUBECONFIG: `${b}:${a}` }, context: 'a' })).toBe('a')
  expect(nameOf({ defaults: [join(dir, 'none'), home, a] })).toBe('home')
  expect(nameOf({ env: { KUBECONFIG: '' } })).toBe('home')
})

test('without any kubeconfig a pod uses its service account', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  expect(findAccess({ env, defaults: [join(dir, 'home')] })).toMatchObject({
    server: 'https://[fd00::1]:443',
    user: { token: { kind: 'file', path: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }
  })
  write('home')
  expect(nameOf({ env })).toBe('home')
})

test('what is missing is named', () => {
  const none = join(dir, 'none')
  expect(nameOf({ file: none })).toBe(`${none}: no such file`)
  expect(nameOf({})).toBe(
    `no kubeconfig: looked at ${join(dir, 'home')}; name one with --kubeconfig or KUBECONFIG (serin up says which is its own)`
  )
  expect(nameOf({ file: dir })).toMatch(/cannot be read/)
})
