import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const OK = '{directResponse: {status: 200}}'

function virtualService(name: string, rules: string, more = ''): string {
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: shop}\nspec: {http: [${rules}]${more}}\n---\n`
}

function findings(text: string): string[] {
  return lint(objectsOf(text)).map(({ code, object, path, message }) => `${code} ${object.name} ${path}: ${message}`)
}

test('a delegate that is named and fits has no finding', () => {
  expect(findings(virtualService('root', '{delegate: {name: leaf}}', ', hosts: [a.test]') + virtualService('leaf', OK))).toEqual([])
})

test('a rule that delegates to nobody is told, and why', () => {
  const rules =
    ['none', 'own', 'root'].map((name) => `{match: [{uri: {exact: /${name}}}], delegate: {name: ${name}}}`).join(', ') + `, ${OK}`
  const objects = virtualService('root', rules, ', hosts: [a.test]') + virtualService('own', OK, ", exportTo: ['team']")
  expect(findings(objects)).toEqual([
    'delegate-not-found root spec.http[0].delegate: delegate shop/none does not exist: the rule does nothing',
    'delegate-not-found root spec.http[1].delegate: delegate shop/own is not exported to shop: the rule does nothing',
    'delegate-not-found root spec.http[2].delegate: delegate shop/root has hosts of its own: the rule does nothing'
  ])
})

test('a delegate that nobody names is told', () => {
  expect(findings(virtualService('leaf', OK))).toEqual([
    'delegate-unused leaf spec.hosts: a VirtualService without hosts is a delegate, and no rule delegates to it: it does nothing'
  ])
})

test('a rule of a delegate with a match that fits none of the root is told', () => {
  const root = virtualService(
    'root',
    '{match: [{uri: {prefix: /a}}], delegate: {name: leaf}}, {directResponse: {status: 404}}',
    ', hosts: [a.test]'
  )
  const leaf = virtualService('leaf', '{match: [{uri: {prefix: /b}}], directResponse: {status: 200}}')
  expect(findings(root + leaf)).toEqual([
    'match-unreachable leaf spec.http[0].match: never matches: a match fits none of the rule of shop/root that delegates here'
  ])
})
