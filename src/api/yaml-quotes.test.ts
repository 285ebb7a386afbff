import { describe, expect, it } from 'vitest'
import { parseYaml } from './yaml.ts'
import { indentQuotes } from './yaml-quotes.ts'

const valueOf = (text: string): unknown => parseYaml(text).objects[0]?.value

describe('quoted text that goes on too far left', () => {
  it('is what it would be further right, and a warning at its place', () => {
    const text = "a: 1\nspec:\n  note: 'one\n  two\n\n  three ''four'''\n  next: 2\n"
    expect(valueOf(text)).toEqual({ a: 1, spec: { note: "one two\nthree 'four'", next: 2 } })
    expect(parseYaml(text).problems).toMatchObject([{ code: 'yaml-indent', severity: 'warning', line: 3, column: 9 }])
  })

  it('of double quotes keeps its escapes', () => {
    expect(valueOf('spec:\n  note: "one \\"x\\"\n two\\n\\\n three"\n')).toEqual({ spec: { note: 'one "x" two\nthree' } })
  })

  it('is mended in every place of every document, whose lines stay theirs', () => {
    const text = "a:\n  b: 'x\n  y'\n  c: 'x\n y'\n---\nd:\n- e: 'x\n  y'\n  f: 1\n- - g: 'x\ny'\n"
    const { objects, problems } = parseYaml(text)
    expect(objects.map(({ value }) => value)).toEqual([{ a: { b: 'x y', c: 'x y' } }, { d: [{ e: 'x y', f: 1 }, [{ g: 'x y' }]] }])
    expect(problems.map(({ line }) => line)).toEqual([2, 4, 8, 11])
    expect(objects[1]?.locate('d[0].f')).toEqual({ line: 10, column: 6 })
  })

  it.each([
    ['an apostrophe in plain text', "a: it's\nb: 1\n"],
    ['a quote in a block', "a: |\n  'open\nb: 1\n"],
    ['quoted text where it belongs', "a:\n  b: 'x\n   y'\n"],
    ['a comment', "# it's\na: 1\n"],
    ['text without its closing quote', "a: 'x\nb: 1\n"]
  ])('%s is left alone', (_, text) => {
    expect(indentQuotes(text)).toEqual({ text, indented: [] })
  })

  it('is mended within bounds in hostile text', () => {
    for (const text of [
      "a: 'x\nb'\n".repeat(20_000),
      `${' '.repeat(50_000)}a: '${'x\n'.repeat(30_000)}'`,
      `a: "${'\\'.repeat(1_000_000)}`
    ]) {
      expect(indentQuotes(text).text.length).toBeLessThan(text.length + 1024 * 1024)
    }
  })
})
