// The command line of benches: one by itself, or all of them. Ends with 1 when a figure misses its limit or, with --compare, when one got
// more than 15 % worse than the kept one.

import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Bench, BenchOptions } from './finding.ts'
import { judge } from './judge.ts'
import { type Kept, type KeptFinding, readKept, writeKept } from './kept.ts'
import { findingText, withKept } from './markdown.ts'
import { ROOT, machine, versions } from './programs.ts'

interface Words extends BenchOptions {
  readonly names: readonly string[]
  readonly compare: boolean
  readonly keep: boolean
}

const README = join(ROOT, 'bench', 'README.md')

/** Runs the benches that the command line names, all when it names none. The result is an exit code. */
export async function command(benches: readonly Bench[], args: readonly string[] = process.argv.slice(2)): Promise<number> {
  const words = readWords(args)
  const wrong = words.names.filter((name) => !benches.some((bench) => bench.name === name))
  if (wrong.length > 0) {
    console.error(`there is no bench ${wrong.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const chosen = benches.filter(({ name }) => words.names.length === 0 || words.names.includes(name))
  const whole = chosen.reduce((sum, bench) => sum + bench.duration(words), 0)
  console.error(`${chosen.map(({ name }) => name).join(', ')}: about ${Math.ceil(whole / 60)} min at ${optionsText(words)}`)
  const before = readKept()
  const found = await runAll(chosen, words)
  const { missed, worse, uncompared } = judge(found, words.compare ? before : undefined)
  for (const sentence of uncompared) console.error(sentence)
  say('missed', missed)
  say('15 % worse than the kept table', worse)
  return missed.length + worse.length > 0 || Object.keys(found).length < chosen.length ? 1 : 0
}

/** For the end of a bench's file: runs it when it is what node was given. */
export async function alone(bench: Bench): Promise<void> {
  process.exitCode = await command([bench])
}

function readWords(args: readonly string[]): Words {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '1' },
      compare: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false }
    }
  })
  const rounds = Number(values.rounds)
  const seconds = Number(values.seconds)
  for (const [name, count] of Object.entries({ rounds, seconds }))
    if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} must be a whole number from 1`)
  return { names: positionals, rounds, seconds, compare: values.compare, keep: values.keep }
}

async function runAll(benches: readonly Bench[], options: Words): Promise<Kept> {
  const found: Record<string, KeptFinding> = {}
  const date = new Date().toISOString().slice(0, 10)
  const where = { date, machine: machine(), versions: versions() }
  for (const bench of benches) {
    const start = performance.now()
    const taken = { ...where, options: `${optionsText(options)}, load ${loadavg()[0]?.toFixed(1)} before` }
    try {
      const finding = { question: bench.question, taken, ...(await bench.run(options)) }
      found[bench.name] = finding
      if (options.keep) keep({ [bench.name]: finding })
      console.log(findingText(bench.name, finding))
    } catch (error) {
      console.error(`${bench.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
    console.error(`${bench.name}: ${Math.round((performance.now() - start) / 1000)} s`)
  }
  return found
}

const optionsText = ({ rounds, seconds }: BenchOptions): string => `${rounds} rounds of ${seconds} s`

function keep(found: Kept): void {
  const parts = Object.entries(writeKept(found)).map(([name, one]) => findingText(name, one))
  writeFileSync(README, withKept(readFileSync(README, 'utf8'), parts.join('\n')))
}

function say(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`${title}:\n${lines.map((line) => `- ${line}`).join('\n')}\n`)
}
