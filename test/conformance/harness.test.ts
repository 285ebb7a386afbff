import { expect, test } from 'vitest'
import { compareOutput } from './compare-output.ts'
import { nearest } from './find-kubectls.ts'
import { Bindings, differences } from './recording.ts'
import { collectionPath } from './replay.ts'
import { emptyResult, fail, suiteLines } from './suite.ts'

const printed = (stdout: string, stderr = '', exitCode = 0): Parameters<typeof compareOutput>[1] => ({ exitCode, stdout, stderr })
const compare = (recorded: string, actual: string): string[] => compareOutput(printed(recorded), printed(actual), new Bindings())

test('tables are compared by their cells, indentation and order of lines count', () => {
  expect(compare('NAME   AGE\nweb    <age>\n', 'NAME   AGE\nweb    5m10s\n')).toEqual([])
  expect(compare('NAME   AGE\nweb    <age>\n', 'NAME       AGE\nweb        soon\n')).toHaveLength(1)
  expect(compare('a:\n  b: 1\n', 'a:\n b: 1\n')).toHaveLength(1)
  expect(compare('a\nb\n', 'b\na\n')).toHaveLength(1)
  expect(compare('a\n', 'a\nb\n')).toHaveLength(1)
})

test('JSON is compared without the order of keys and without managed fields', () => {
  expect(compare('{"a":1,"metadata":{"managedFields":[],"uid":"x"}}', '{"metadata":{"uid":"x"},"a":1}')).toEqual([])
  expect(compare('{"a":1}', '{"a":2}')).toHaveLength(1)
})

test('standard error is a set of lines without log lines', () => {
  const run = (recorded: string, actual: string): string[] => compareOutput(printed('', recorded), printed('', actual), new Bindings())
  expect(run('one\ntwo\n', 'two\nE1121 10:00:00.123456   77 reflector.go:1] x\none\n')).toEqual([])
  expect(run('one\n', 'one\nother\n')).toHaveLength(1)
  expect(run('Error: invalid character x\n', 'Error: invalid character y\n')).toEqual([])
})

test('equal placeholders are equal values, and versions of one object that differ do so here', () => {
  const how = { bindings: new Bindings(), ignoreZero: false }
  const uid = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
  expect(differences({ uid: '<uid-1>', resourceVersion: '<rv-1>' }, { uid, resourceVersion: '5' }, how)).toEqual([])
  expect(differences({ uid: '<uid-1>', resourceVersion: '<rv-2>' }, { uid, resourceVersion: '5' }, how)).toHaveLength(1)
  expect(differences('<rv-1>', '6', how)).toHaveLength(1)
  expect(differences('<uid-2>', uid, how)).toHaveLength(1)
  expect(differences('<uid-3>', 'no uid', how)).toHaveLength(1)
})

test('the nearest recording is that of the nearest minor version, the newer of two', () => {
  const recorded = ['1.27.16', '1.32.5', '1.36.3']
  expect(['1.28.1', '1.29.0', '1.30.0', '1.34.0', '1.40.0'].map((version) => nearest(version, recorded))).toEqual([
    '1.27.16',
    '1.27.16',
    '1.32.5',
    '1.36.3',
    '1.36.3'
  ])
})

test('plurals are those of Kubernetes', () => {
  const path = (kind: string): string => collectionPath({ apiVersion: 'x/v1', kind, metadata: {} }).split('/').at(-1) ?? ''
  expect(['Gateway', 'Canary', 'Ingress', 'Endpoints', 'Pod'].map(path)).toEqual(['gateways', 'canaries', 'ingresses', 'endpoints', 'pods'])
})

test('a suite is a line with its counts, each failure by id, and what is left out by reason', () => {
  const result = emptyResult('s')
  result.passed.push('s/a')
  fail(result, 's/b', ['one', 'two'])
  result.unsupported.push({ id: 's/c', why: 'later' }, { id: 's/d', why: 'later' })
  expect(suiteLines(result)).toEqual([
    's: 1 passed, 1 failed, 0 deliberate differences, 2 not yet supported',
    '  failed s/b: one (and 1 more)',
    '  not yet supported (later): c d'
  ])
})
