// Mistakes that the fuzzer must find: each is made in a copy of the engine, and the copy is fuzzed from the corpus on until it is found, or RUNS
// are over. `node test/fuzz/mutants.ts [WORD]`: all, or those with the word in their name; ends with 1 when one is not found, or when the line it
// changes is no longer there.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Mutant {
  readonly name: string
  /** Below src/proxy. */
  readonly file: string
  /** Stands there once, and what takes its place. */
  readonly from: string
  readonly to: string
}

const ROOT = join(import.meta.dirname, '..', '..')
/** Plays of the corpus included. Most mistakes are found within some hundred; a paused connection took ten thousand. */
const RUNS = 30_000

const MUTANTS: readonly Mutant[] = [
  { name: 'a body ends one byte early', file: 'body-frame.ts', from: 'this.done = this.#left === 0', to: 'this.done = this.#left <= 1' },
  { name: 'sizes of chunks are decimal', file: 'chunks.ts', from: 'this.#remaining * 16 + value', to: 'this.#remaining * 10 + value' },
  {
    name: 'a chunk does not end with a line',
    file: 'chunks.ts',
    from: 'octet === 13 ? this.#go(DATA_LF) : WRONG',
    to: 'this.#go(DATA_LF)'
  },
  {
    name: 'a request may have a length and chunks',
    file: 'scanner.ts',
    from: "if (head.chunked && head.contentLength >= 0) return refuse(400, 'both a length and a transfer coding')",
    to: ''
  },
  {
    name: 'an answer may have a length and chunks',
    file: 'scanner.ts',
    from: "if (head.chunked && head.contentLength >= 0) return refuse(502, 'both a length and a transfer coding')",
    to: ''
  },
  { name: 'an answer to HEAD has a body', file: 'upstream.ts', from: 'if (user.bodiless || status === 204', to: 'if (status === 204' },
  {
    name: 'half a request is thought to be sent whole',
    file: 'upstream.ts',
    from: 'const whole = user?.requestDone === true',
    to: 'const whole = true'
  },
  { name: 'an answer in hand waits for nobody', file: 'upstream.ts', from: 'this.socket.pause()', to: '' },
  { name: 'a paused connection stays paused', file: 'upstream.ts', from: '    this.socket.resume()', to: '' },
  {
    name: 'a buffer is read to while it is written',
    file: 'exchange.ts',
    from: 'upstream.buffers.lend(this.#client.socket, to - from)',
    to: ''
  },
  { name: 'a slot is not given back', file: 'attempts.ts', from: 'if (this.slot !== undefined) this.slot.active--', to: '' },
  {
    name: 'a request is active twice',
    file: 'attempts.ts',
    from: 'stats.add(STAT.upstream_rq_active)',
    to: 'stats.add(STAT.upstream_rq_active, 2)'
  },
  {
    name: 'who no longer waits is counted as waiting',
    file: 'pools.ts',
    from: '    this.stats.add(STAT.upstream_rq_pending_active, -1)\n    this.stats.add(STAT.upstream_rq_cancelled)',
    to: '    this.stats.add(STAT.upstream_rq_cancelled)'
  },
  { name: 'who no longer waits is served', file: 'pools.ts', from: 'this.#waiting.splice(at, 1)\n', to: '\n' },
  {
    name: 'a place for retries is not given back',
    file: 'retries.ts',
    from: 'if (this.#of !== undefined) endRetry(this.#of)',
    to: 'void endRetry'
  },
  { name: 'a request is in flight for ever', file: 'exchange.ts', from: 'this.#context.load.ended()', to: '' },
  { name: 'a POST is sent again', file: 'exchange.ts', from: "new Set(['GET', 'HEAD'", to: "new Set(['POST', 'GET', 'HEAD'" },
  { name: 'more tries than the rules allow', file: 'retries.ts', from: 'this.#retried++', to: '' },
  {
    name: 'the last chunk is left out',
    file: 'answer-writer.ts',
    from: "if (this.framing === 'chunk') this.#socket.write('0",
    to: "if (false) this.#socket.write('0"
  },
  {
    name: 'a request in the log twice',
    file: 'account.ts',
    from: "if (log !== undefined) log.write(place.pod ?? '', this.#known(code, details, this.#answerFields(started), now))",
    to: "if (log !== undefined) for (let time = 0; time < 2; time++) log.write(place.pod ?? '', this.#known(code, details, this.#answerFields(started), now))"
  },
  {
    name: 'the next request begins before the answer',
    file: 'client.ts',
    from: "      case 'answer':\n        this.intake.held.append(bytes, start, end)\n        this.intake.pause()\n        return end",
    to: "        this.intake.held.append(bytes, start, end)\n        this.intake.pause()\n        return end\n      case 'answer':\n        return this.#takeHead(bytes, start, end)"
  },
  {
    name: 'what follows an early answer is a request',
    file: 'client.ts',
    from: "if (this.#phase !== 'body') this.#next()\n    return after",
    to: 'this.#next()\n    return after'
  },
  { name: 'a drain has no end', file: 'listener.ts', from: 'for (const client of this.#clients) client.socket.destroy()', to: '' },
  {
    name: 'a client that is gone goes on',
    file: 'client.ts',
    from: '  #onClose(): void {\n    this.#handling?.abort()',
    to: '  #onClose(): void {'
  },
  {
    name: 'clients are remembered',
    file: 'client.ts',
    from: "socket.on('close', () => this.#onClose())",
    to: "socket.on('close', () => this.#onClose())\n    ;((globalThis as unknown as { all: unknown[] }).all ??= []).push(this)"
  }
]

interface Result {
  readonly name: string
  readonly runs: number | undefined
  readonly how: string
}

function copyOf({ file, from, to }: Mutant): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'serin-mutant-'))
  for (const part of ['src', 'test', 'package.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const path = join(folder, 'src', 'proxy', file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    text.replace(from, () => to)
  )
  if (text.split(from).length === 2) return folder
  rmSync(folder, { recursive: true })
  return undefined
}

function tryOne(mutant: Mutant): Result {
  const { name } = mutant
  const folder = copyOf(mutant)
  if (folder === undefined) return { name, runs: undefined, how: `not tried: the line is not in ${mutant.file}, or more than once` }
  const options = ['--no-coverage', '--as-is', '--runs', String(RUNS), '--seed', '1']
  const { stdout, stderr } = spawnSync(process.execPath, ['test/fuzz/main.ts', ...options], { cwd: folder, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  const [, runs, how = ''] = /^FOUND after (\d+) runs: (.*)/m.exec(stdout) ?? /^(FOUND): (a run does not end)/m.exec(stdout) ?? []
  if (runs === undefined) return { name, runs: undefined, how: `not found in ${RUNS} runs ${stderr.slice(-300)}` }
  return { name, runs: Number(runs), how }
}

const word = process.argv[2] ?? ''
let missed = 0
for (const mutant of MUTANTS.filter(({ name }) => name.includes(word))) {
  const { name, runs, how } = tryOne(mutant)
  process.stdout.write(`${runs === undefined ? 'MISSED' : String(runs).padStart(6)}  ${name}: ${how}\n`)
  if (runs === undefined) missed++
}
process.exitCode = missed === 0 ? 0 : 1
