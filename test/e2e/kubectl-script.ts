// Commands of kubectl in one namespace of a running instance, each with what it must print: a line of a script beside its output.

import { expect } from 'vitest'
import type { Serin } from './serin.ts'

/** A command without `kubectl`; words are split at blanks, single quotes keep them together. `fails`: what it says on standard error. */
export interface Line {
  readonly run: string
  readonly says?: string | RegExp
  readonly fails?: string | RegExp
  readonly input?: unknown
}

/** Where the lines run. */
export interface Place {
  readonly serin: Serin
  readonly namespace: string
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the lines one after the other; each must end and print as it says. */
export async function play({ serin, namespace, program = 'kubectl', env = {} }: Place, lines: readonly Line[]): Promise<void> {
  for (const { run, says, fails, input } of lines) {
    const text = input === undefined ? undefined : typeof input === 'string' ? input : JSON.stringify(input)
    const ran = await serin.kubectl(withNamespace(words(run), namespace), { program, env, ...(text === undefined ? {} : { input: text }) })
    const failed = fails === undefined ? { code: 0 } : { stderr: matching(fails) }
    expect({ run, ...ran }).toMatchObject({ run, ...failed, ...(says === undefined ? {} : { stdout: matching(says) }) })
    if (fails !== undefined) expect({ run, code: ran.code }).not.toEqual({ run, code: 0 })
  }
}

// Before a command that is meant for the container.
function withNamespace(run: readonly string[], namespace: string): string[] {
  const end = run.indexOf('--')
  return end < 0 ? [...run, '--namespace', namespace] : [...run.slice(0, end), '--namespace', namespace, ...run.slice(end)]
}

function matching(wanted: string | RegExp): unknown {
  return typeof wanted === 'string' ? `${wanted}\n` : expect.stringMatching(wanted)
}

function words(run: string): string[] {
  return [...run.matchAll(/'([^']*)'|(?:[^\s']|'[^']*')+/g)].map(([whole, quoted]) => quoted ?? whole.replaceAll("'", ''))
}
