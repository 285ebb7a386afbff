// Compares generated messages by the thousand, and counts what was found.

import { compare } from './differences.ts'
import { generate } from './generate.ts'

/** What a survey found. */
export interface Survey {
  /** The first few differences without a rule, with the number of the stream that shows them. */
  readonly problems: readonly string[]
  /** How often each rule was needed. */
  readonly rules: ReadonlyMap<string, number>
  readonly messages: number
  /** Messages that we took whole. */
  readonly taken: number
  /** Streams that both parsers refuse, or one of them. */
  readonly refusals: number
  /** Codes of Node's refusals. */
  readonly codes: ReadonlyMap<string, number>
}

interface Plan {
  /** Number of the first stream. */
  readonly from: number
  readonly messages: number
  /** Told now and then how many are done. */
  readonly onProgress?: (done: number) => void
}

const PROBLEMS_MAX = 5
const PROGRESS_EVERY = 100_000

/** Compares streams from `from` on until they hold so many messages. */
export function survey({ from, messages, onProgress }: Plan): Survey {
  const problems: string[] = []
  const rules = new Map<string, number>()
  const codes = new Map<string, number>()
  let [done, taken, refusals] = [0, 0, 0]
  for (let number = from; done < messages && problems.length < PROBLEMS_MAX; number++) {
    const stream = generate(number)
    const { problem, ours, theirs, rules: needed } = compare(stream)
    if (problem !== undefined)
      problems.push(`generate(${number}), ${stream.type} ${JSON.stringify(stream.bytes.toString('latin1'))}: ${problem}`)
    for (const rule of needed) count(rules, rule)
    if (theirs.ending === 'refused') count(codes, theirs.reason.split(' ', 1)[0] ?? '')
    taken += ours.messages.filter((message) => message.complete).length
    if (ours.ending === 'refused' || theirs.ending === 'refused') refusals++
    const before = Math.floor(done / PROGRESS_EVERY)
    done += stream.count
    if (Math.floor(done / PROGRESS_EVERY) > before) onProgress?.(done)
  }
  return { problems, rules, messages: done, taken, refusals, codes }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
