import fc from 'fast-check'
import { expect, test } from 'vitest'
import { find, parsePath } from './json-path.ts'

const pod = {
  metadata: { name: 'web', annotations: { 'example.com/a.b': 'x' } },
  spec: {
    hosts: ['a', 'b'],
    ports: [
      { name: 'http', port: 80 },
      { name: 'admin', port: 8080 }
    ]
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Promoted', status: 'False' }
    ]
  }
}

test.each([
  ['.metadata.name', ['web']],
  ['{.metadata.name}', ['web']],
  ['metadata.name', ['web']],
  ['$.metadata.name', ['web']],
  ['.spec.hosts', [['a', 'b']]],
  ['.spec.hosts[*]', ['a', 'b']],
  ['.spec.hosts[0]', ['a']],
  ['.spec.hosts[-1]', ['b']],
  ['.spec.hosts[7]', []],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type == 'Promoted')].status", ['False']],
  ['.status.conditions[?(@.type!="Ready")].type', ['Promoted']],
  ['.spec.ports[?(@.port>80)].name', ['admin']],
  ['.spec.ports[?(@.port<=80)].name', ['http']],
  ['.spec.ports[?(@.name)].port', [80, 8080]],
  ['.metadata.annotations.example\\.com/a\\.b', ['x']],
  [".metadata.annotations['example.com/a.b']", ['x']],
  ['.spec.missing.deeper', []],
  ['.constructor.name', []],
  ['.', [pod]]
])('%s finds %j', (path, expected) => {
  expect(find(parsePath(path) ?? [], pod)).toEqual(expected)
})

test.each(['.a[', '.a[?(@.b==)]', '.a[?(@.b=="x"]', '..a', '.a b', "['a'"])('%j is not a path', (path) => {
  expect(parsePath(path)).toBeUndefined()
})

test('plain field paths find what following the fields finds', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.object({ key: name, maxDepth: 4 }), (names, value) => {
      let naive: unknown[] = [value]
      for (const field of names) {
        naive = naive.flatMap((one) =>
          typeof one === 'object' && one !== null && !Array.isArray(one) && field in one ? [Reflect.get(one, field)] : []
        )
      }
      expect(find(parsePath(`.${names.join('.')}`) ?? [], value)).toEqual(naive)
    })
  )
})
