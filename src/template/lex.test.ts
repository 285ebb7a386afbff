import { expect, test } from 'vitest'
import { piecesOf } from './lex.ts'

const shown = (source: string): readonly string[] =>
  piecesOf(source).map((piece) => (piece.kind === 'text' ? piece.text : piece.tokens.map(({ kind, text }) => `${kind}:${text}`).join(' ')))

test.each([
  ['a {{ name }} b', ['a ', 'space:  word:name space: ', ' b']],
  ['a {{- name -}} b', ['a', 'word:name', 'b']],
  ['{{-3}}', ['number:-3']],
  ['a {{/* x */}} b', ['a ', ' b']],
  ['{{$x:=(a.b|c "}}")}}', ['variable:$x declare::= open:( word:a field:.b pipe:| word:c space:  string:"}}" close:)']]
])('%j is split into %j', (source, pieces) => {
  expect(shown(source)).toEqual(pieces)
})

test('pieces know the line they begin in', () => {
  expect(piecesOf('a\n{{ b }}\n{{/*\n*/}}{{ c }}').map(({ line }) => line)).toEqual([1, 2, 2, 4])
})

test.each([
  ['{{ a', 'line 1: unclosed action'],
  ['{{/* a', 'line 1: unclosed comment'],
  ['{{ a-b }}', 'line 1: bad character "-" after a'],
  ['{{ "a }}', 'line 1: unterminated quoted string'],
  ['{{ # }}', 'line 1: unexpected "#" in action']
])('%j is refused', (source, because) => {
  expect(() => piecesOf(source)).toThrow(because)
})
