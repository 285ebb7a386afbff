// A million generated messages through Node's parser and ours: no difference without a rule. SERIN_SEED picks other ones (any whole number).

import { expect, test } from 'vitest'
import { survey } from '../http1/survey.ts'
import { LOOSER, STRICTER, FACTS } from '../http1/rules.ts'
import { generate } from '../http1/generate.ts'
import { splitProblem } from '../http1/splits.ts'

const SEED = Number(process.env['SERIN_SEED'] ?? 1)
const FIRST = SEED * 10_000_000

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const byCount = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `  ${String(count).padStart(8)} ${name}`)
    .join('\n')

test("of 1,000,000 generated messages every difference from Node's parser has a rule, and every rule is needed", () => {
  const began = performance.now()
  const found = survey({ from: FIRST, messages: 1_000_000, onProgress: (done) => say(`${done} messages`) })
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  say(
    `${found.messages} messages in ${seconds} s, seed ${SEED}: ${found.taken} taken whole, ${found.refusals} streams refused by one or both`
  )
  say(`rules needed:\n${byCount(found.rules)}\nNode's refusals:\n${byCount(found.codes)}`)
  expect(found.problems).toEqual([])
  expect([...STRICTER, ...LOOSER, ...FACTS].map(({ name }) => name).filter((name) => !found.rules.has(name))).toEqual([])
})

test('5000 generated streams read the same in any split in two, and in single bytes', () => {
  const problems: string[] = []
  for (let number = FIRST; number < FIRST + 5000 && problems.length < 3; number++) {
    const stream = generate(number)
    const problem = stream.bytes.length > 1500 ? undefined : splitProblem(stream)
    if (problem !== undefined) problems.push(`generate(${number}): ${problem}`)
    if (number % 1000 === 999) say(`${number - FIRST + 1} streams split`)
  }
  expect(problems).toEqual([])
})
