import { expect, test } from 'vitest'
import { accessOf, KubeconfigError, type KubeconfigText } from './kubeconfig.ts'

function text(parts: { readonly [field: string]: unknown }, folder = '/home/joe/.kube'): KubeconfigText {
  return { file: `${folder}/config`, folder, text: JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...parts }) }
}

const CLUSTER = { server: 'https://one.test:6443/' }

// One cluster, one user, one context, all called `one`.
function one(user: object, cluster: object = CLUSTER, context: object = {}): KubeconfigText {
  return text({
    'current-context': 'one',
    clusters: [{ name: 'one', cluster }],
    users: [{ name: 'one', user }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one', ...context } }]
  })
}

const problem = (texts: readonly KubeconfigText[], context?: string): unknown => {
  try {
    return accessOf(texts, context)
  } catch (error) {
    return error instanceof KubeconfigError ? error.message : error
  }
}

test('the current context names server, namespace and user', () => {
  expect(accessOf([one({ token: 't' }, CLUSTER, { namespace: 'shop' })])).toEqual({
    name: 'one',
    server: 'https://one.test:6443',
    trust: { unchecked: false },
    namespace: 'shop',
    user: { name: 'one', token: { kind: 'value', value: 't' }, impersonate: {} }
  })
})

test('of several texts the first to say a thing wins, and entries of one name are not mixed', () => {
  const first = text({ clusters: [{ name: 'one', cluster: { server: 'https://first.test' } }] }, '/a')
  const second = text(
    {
      'current-context': 'two',
      clusters: [
        { name: 'one', cluster: { server: 'https://second.test', 'insecure-skip-tls-verify': true } },
        { name: 'two', cluster: { server: 'https://two.test', 'certificate-authority': 'ca.pem' } }
      ],
      contexts: [
        { name: 'one', context: { cluster: 'one', user: '' } },
        { name: 'two', context: { cluster: 'two', user: '' } }
      ]
    },
    '/b'
  )
  const third = text({ 'current-context': 'one' }, '/c')
  expect(accessOf([first, second, third])).toMatchObject({
    server: 'https://two.test',
    trust: { authority: { kind: 'file', path: '/b/ca.pem' } }
  })
  expect(accessOf([first, second, third], 'one')).toMatchObject({ server: 'https://first.test', trust: { unchecked: false } })
})

test('data goes before files, a token file before a token, and paths start from the folder of their text', () => {
  const user = {
    'client-certificate-data': btoa('CERT'),
    'client-certificate': 'c.pem',
    'client-key': '../k.pem',
    token: 't',
    tokenFile: '/t'
  }
  expect(accessOf([one(user)])?.user).toMatchObject({
    certificate: { kind: 'value', value: 'CERT' },
    key: { kind: 'file', path: '/home/joe/k.pem' },
    token: { kind: 'file', path: '/t' }
  })
})

test('an exec plugin is read whole, with what it is told of the cluster', () => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './login',
    args: ['--now'],
    env: [{ name: 'A', value: 'b' }],
    interactiveMode: 'Never',
    provideClusterInfo: true
  }
  const extensions = [{ name: 'client.authentication.k8s.io/exec', extension: { region: 'eu' } }]
  const { user } = accessOf([one({ exec }, { ...CLUSTER, extensions })]) ?? {}
  expect(user?.exec).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    command: '/home/joe/.kube/login',
    args: ['--now'],
    env: { A: 'b' },
    interactive: 'Never',
    cluster: { server: 'https://one.test:6443/', config: { region: 'eu' } }
  })
})

test('who is impersonated becomes headers', () => {
  const user = { as: 'jane', 'as-groups': ['dev', 'ops'], 'as-uid': '7', 'as-user-extra': { Reason: ['why not'] } }
  expect(accessOf([one(user)])?.user.impersonate).toEqual({
    'impersonate-user': 'jane',
    'impersonate-group': ['dev', 'ops'],
    'impersonate-uid': '7',
    'impersonate-extra-reason': ['why not']
  })
})

test('what cannot be used is said with file and name', () => {
  const file = '/home/joe/.kube/config'
  expect(problem([one({})], 'two')).toBe(`context "two" is in none of ${file}`)
  expect(problem([one({}, {})])).toBe(`${file}: cluster "one" server "" is not an http or https URL`)
  expect(problem([one({}, { ...CLUSTER, 'proxy-url': 'socks5://x' })])).toContain('proxy-url must be an http or https URL')
  expect(problem([one({}, { ...CLUSTER, 'certificate-authority': 'a', 'insecure-skip-tls-verify': true })])).toContain(
    'leave out one of them'
  )
  expect(problem([one({ 'client-certificate': 'a' })])).toContain('needs both client-certificate and client-key')
  expect(problem([one({ 'auth-provider': { name: 'gcp' } })])).toContain('auth-provider')
  expect(problem([one({ exec: { apiVersion: 'v0', command: 'x' } })])).toContain('exec.apiVersion')
  expect(problem([one({}, CLUSTER, { cluster: 'x' })])).toBe(`${file}: context "one" names cluster "x", which is not there`)
  expect(problem([one({}, CLUSTER, { user: 'x' })])).toBe(`${file}: context "one" names user "x", which is not there`)
  expect(problem([{ file: 'f', folder: '/', text: 'clusters: [' }])).toMatch(/^f:1: /)
  expect(problem([text({ clusters: 7 })])).toContain('clusters must be a list')
  expect(problem([text({ kind: 'Pod' })])).toContain('is a Pod, not a kubeconfig')
})

test('texts without a context lead nowhere', () => {
  expect(accessOf([])).toBeUndefined()
  expect(accessOf([text({})])).toBeUndefined()
})
