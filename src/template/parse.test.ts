import { expect, test } from 'vitest'
import { parseTemplate } from './parse.ts'

const parse = (source: string): unknown => parseTemplate(source, new Set(['f']))

test('a pipeline is a list of commands, each a list of operands', () => {
  expect(parse('{{ f "a" (f) | f }}')).toEqual([
    {
      kind: 'print',
      pipe: {
        line: 1,
        names: [],
        sets: undefined,
        commands: [
          [
            { kind: 'function', name: 'f' },
            { kind: 'value', value: 'a' },
            { kind: 'pipe', pipe: { line: 1, names: [], sets: undefined, commands: [[{ kind: 'function', name: 'f' }]] } }
          ],
          [{ kind: 'function', name: 'f' }]
        ]
      }
    }
  ])
})

test('else if is an if of its own within else', () => {
  expect(parse('{{if f}}a{{else if f}}b{{else}}c{{end}}')).toMatchObject([
    { kind: 'if', body: [{ text: 'a' }], other: [{ kind: 'if', body: [{ text: 'b' }], other: [{ text: 'c' }] }] }
  ])
})

test('a variable is known from its declaration to the end of its block', () => {
  expect(() => parse('{{if f}}{{$x := f}}{{$x}}{{end}}')).not.toThrow()
  expect(() => parse('{{if f}}{{$x := f}}{{end}}{{$x}}')).toThrow('undefined variable "$x"')
})
