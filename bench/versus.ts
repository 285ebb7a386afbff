// Whether a change makes requests cheaper: one worker of this checkout and one of another, in alternating rounds, on the same rules.
// Usage: node bench/versus.ts OTHER-CHECKOUT [--rounds N] [--seconds N] [--row PART-OF-ITS-NAME]. Below 1: this one is cheaper. It is no part of `npm run bench`.

import { join, resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { startBackend } from './lib/backend.ts'
import { tableText } from './lib/markdown.ts'
import type { Proxy } from './lib/proxies.ts'
import { neededProgram } from './lib/programs.ts'
import { type Sample, sample, warm } from './lib/sample.ts'
import { startWorkers } from './lib/serin-workers.ts'
import { onStage } from './lib/stage.ts'
import { median, medianRatio, quantile } from './lib/statistics.ts'
import { ROWS, type Row } from './proxy-rows.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '1' }, row: { type: 'string', default: '' } }
})
const [other] = positionals
if (other === undefined) throw new Error('name the checkout to compare with')
const rowsAsked = ROWS.filter(({ name }) => name.includes(values.row))

await onStage(async (stage) => {
  neededProgram('wrk')
  const backend = await startBackend(stage)
  // The other checkout starts its own workers, with its own compiler and rules: both must have this module.
  const theirs = (await import(join(resolve(other), 'bench', 'lib', 'serin-workers.ts'))) as { readonly startWorkers: typeof startWorkers }
  const pairs = new Map<boolean, readonly Proxy[]>()
  for (const logs of new Set(rowsAsked.map(({ logged }) => logged))) {
    const here = { name: 'here', ...(await startWorkers(stage, backend, { logs })) }
    const there = { name: 'there', ...(await theirs.startWorkers(stage, backend, { logs })) }
    for (const proxy of [here, there]) await warm(proxy)
    pairs.set(logs, [here, there])
  }
  const script = stage.write('post.lua', 'wrk.method = "POST"\nwrk.body = string.rep("p", 10240)\n')
  const rows: string[][] = []
  for (const row of rowsAsked) {
    rows.push(await compared(row, pairs.get(row.logged) ?? [], script))
    console.error(rows.at(-1)?.join(' | '))
  }
  const columns = ['case', 'here, us', 'there, us', 'here against there', 'single rounds', 'errors']
  console.log(tableText({ title: `CPU per request against ${other}`, columns, rows }))
})
process.exit(0)

async function compared(row: Row, pair: readonly Proxy[], post: string): Promise<string[]> {
  const shape = { path: row.path, connections: row.connections, script: row.post ? post : undefined }
  const samples: Record<string, Sample[]> = { here: [], there: [] }
  for (let round = -1; round < Number(values.rounds); round += 1) {
    // Who is asked first has the machine as the other left it: they take turns.
    for (const proxy of round % 2 === 0 ? pair : pair.toReversed()) {
      const taken = await sample(proxy, shape, Number(values.seconds))
      if (round >= 0) samples[proxy.name]?.push(taken)
    }
  }
  return cells(row.name, samples['here'] ?? [], samples['there'] ?? [])
}

function cells(name: string, own: readonly Sample[], base: readonly Sample[]): string[] {
  const [mine, its] = [own.map(({ cpu }) => cpu), base.map(({ cpu }) => cpu)]
  const ratios = mine.map((value, round) => value / (its[round] ?? Number.NaN))
  const errors = [...own, ...base].reduce((sum, one) => sum + one.errors, 0)
  const spread = `${quantile(ratios, 0).toFixed(2)} to ${quantile(ratios, 1).toFixed(2)}`
  return [name, median(mine).toFixed(1), median(its).toFixed(1), medianRatio(mine, its).toFixed(3), spread, String(errors)]
}
