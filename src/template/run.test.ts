import { expect, test } from 'vitest'
import { parseTemplate } from './parse.ts'
import { MAX_STEPS, runTemplate } from './run.ts'

const run = (source: string): string => {
  const given = {
    name: 'api',
    variables: new Map([
      ['b', '2'],
      ['a', '1']
    ])
  }
  return runTemplate(parseTemplate(source, new Set([...Object.keys(given), 'and', 'or', 'print'])), given)
}

test('a range goes through a map in the order of its keys, and dot is each value', () => {
  expect(run('{{range $k, $v := variables}}{{$k}}{{.}}{{$v}} {{end}}')).toBe('a11 b22 ')
})

test('and and or do not evaluate what cannot change them', () => {
  expect(run('{{or name variables.gone}} {{and "" variables.gone}}')).toBe('api ')
})

test('the steps of a run are bounded', () => {
  expect(() => run(`{{range ${MAX_STEPS + 1}}}{{end}}`)).toThrow(`more than ${MAX_STEPS} steps`)
})
