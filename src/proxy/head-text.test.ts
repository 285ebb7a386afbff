import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeadText } from './head-text.ts'

test('a field is found by its name in any letter case, the first of several, without the blanks around its value', () => {
  const text = new HeadText('GET / HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-one: 2\r\nx@one: 3\r\nEmpty:\r\n')
  expect(['host', 'x-one', 'empty', 'one', 'x', 'get / http/1.1', 'x@one'].map((name) => text.field(name))).toEqual([
    'a',
    '1',
    '',
    undefined,
    undefined,
    undefined,
    '3'
  ])
})

test('it finds what a search through all lines finds', () => {
  const name = fc.stringMatching(/^[a-cA-C-]{1,3}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.stringMatching(/^[ab: ]{0,4}$/)), { maxLength: 8 }), name, (fields, wanted) => {
      const text = `GET / HTTP/1.1\r\n${fields.map(([field, value]) => `${field}:${value}\r\n`).join('')}`
      const found = fields.find(([field]) => field.toLowerCase() === wanted.toLowerCase())?.[1].trim()
      expect(new HeadText(text).field(wanted.toLowerCase())).toBe(found)
    })
  )
})

test('blanks are spaces and tabs: octets of a letter that ends a value are not', () => {
  const octets = Buffer.from('voilà').toString('latin1')
  expect(new HeadText(`GET / HTTP/1.1\r\nx: \t${octets} \t\r\n`).field('x')).toBe(octets)
})

test('heads that are asked in turn, of however many lines, answer for themselves', () => {
  const name = fc.stringMatching(/^[a-c]$/)
  const fields = fc.array(fc.tuple(name, fc.stringMatching(/^[xyz]{0,3}$/)), { maxLength: 600 })
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(fc.nat(), name), { maxLength: 9 }), (all, asked) => {
      const heads = all.map((each) => new HeadText(`GET / HTTP/1.1\r\n${each.map(([field, value]) => `${field}: ${value}\r\n`).join('')}`))
      for (const [which, wanted] of asked) {
        const at = which % all.length
        expect(heads[at]?.field(wanted)).toBe(all[at]?.find(([field]) => field === wanted)?.[1])
      }
    })
  )
})

test('a last line without its end is read to the end of the text', () => {
  expect(new HeadText('HTTP/1.1 200 OK\r\na: 1\r\nb: 2').field('b')).toBe('2')
})
