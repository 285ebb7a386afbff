import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseYaml } from './yaml.ts'

const codes = (text: string): readonly string[] =>
  parseYaml(text).problems.map((problem) => `${problem.code} ${problem.line}:${problem.column}`)

test('documents become objects with the places of their fields', () => {
  const text = ['# first', 'kind: A', 'spec:', '  http:', '  - name: x', '    a.b/c: 1', '---', '', '---', 'kind: B', ''].join('\n')
  const { objects, problems } = parseYaml(text)
  expect(problems).toEqual([])
  expect(objects.map((object) => [object.value['kind'], object.line])).toEqual([
    ['A', 2],
    ['B', 10]
  ])
  const places = ['', 'spec.http[0].name', 'spec.http[0].a.b/c', 'spec.http[3].name', 'nothing'].map((path) => objects[0]?.locate(path))
  expect(places).toEqual([
    { line: 2, column: 1 },
    { line: 5, column: 11 },
    { line: 6, column: 12 },
    { line: 5, column: 3 },
    { line: 2, column: 1 }
  ])
})

test('JSON is YAML, and lists stand for their members', () => {
  const { objects } = parseYaml('{"kind": "List", "apiVersion": "v1",\n\t"items": [{"kind": "A"},\n {"kind": "B", "spec": {"x": 1}}]}')
  expect(objects.map((object) => object.value['kind'])).toEqual(['A', 'B'])
  expect(objects[1]?.locate('spec.x')).toEqual({ line: 3, column: 30 })
})

test.each([
  ['a: 1\na: 2\n', ['yaml-duplicate-key 2:1']],
  ['just text', ['not-an-object 1:1']],
  ['kind: List\nitems: [1]\n', ['not-an-object 2:9']],
  ['kind: A\nmode: yes\nport: 010\nbig: 12345678901234567890\n"yes": "no"\n', ['yaml-1.1 2:7', 'yaml-1.1 3:7', 'yaml-1.1 4:6']],
  ['kind: &a [*a]\n', ['yaml-aliases 1:1']],
  ['a: *nothing\n', ['yaml-aliases 1:1']]
])('%j: %j', (text, expected) => {
  expect(codes(text)).toEqual(expected)
})

test('a fault in one document leaves the others, and all faults are told', () => {
  const { objects, problems } = parseYaml('kind: A\n---\na: [1\nb: }\n---\nkind: B\n')
  expect(objects.map((object) => object.value['kind'])).toEqual(['A', 'B'])
  expect(problems.length).toBeGreaterThan(0)
})

test.each([
  ['flow lists', `${'['.repeat(3000)}${']'.repeat(3000)}`, 'too-deep'],
  ['flow maps', '{a: '.repeat(3000), 'too-deep'],
  ['block lists', '- '.repeat(3000), 'too-deep'],
  ['block maps', Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'too-deep'],
  ['many values', `a: [${'1,'.repeat(51_000)}]`, 'too-many-nodes'],
  ['many aliases', `a: &x 1\nb: [${'*x,'.repeat(101)}]`, 'too-many-aliases'],
  ['a long document', `a: b\nc: ${'x'.repeat(1024 * 1024)}\nd: e\n`, 'too-long']
])('%s are refused before they are composed', (_, text, code) => {
  const { objects, problems } = parseYaml(text)
  expect(objects).toEqual([])
  expect(problems[0]?.code).toBe(code)
})

test('aliases that multiply are refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level++) lines.push(`a${level}: &a${level} [${`*a${level - 1},`.repeat(8)}]`)
  expect(codes(lines.join('\n'))[0]).toContain('yaml-aliases')
})

test('what is a prototype elsewhere is an ordinary key', () => {
  const value = parseYaml('__proto__: {polluted: 1}\nkind: A\n').objects[0]?.value
  expect(Object.keys(value ?? {})).toEqual(['__proto__', 'kind'])
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})

test('reading never throws, and JSON comes out as it went in', () => {
  fc.assert(fc.property(fc.stringMatching(/^[-a:{}[\]&*!|>'"#\n ?,%@]{0,40}$/), (text) => void parseYaml(text)))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }), (value) => {
      const text = JSON.stringify(value)
      expect(parseYaml(text).objects.map((object) => object.value)).toEqual([JSON.parse(text)])
    })
  )
})
