// The settings of the load tester: the flags of Flagger's, and the environment.

import type { LoadTesterOptions } from './load-tester.ts'

/** What is set, with the port where PORT says nothing. */
export type LoadTesterSettings = Pick<LoadTesterOptions, 'programs' | 'timeout' | 'namespaces'> & { readonly port: number }

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Reads `-port=8080 -timeout=1h -namespace-regexp=...` and LOADTESTER_BASH, LOADTESTER_NAMESPACE_REGEXP; a text says what is wrong. */
export function loadTesterSettings(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>
): LoadTesterSettings | string {
  const flags = flagsOf(words)
  if (typeof flags === 'string') return flags
  const port = Number(flags.get('port') ?? 8080)
  if (!isPort(port)) return `-port=${flags.get('port')} is not a port`
  const timeout = durationOf(flags.get('timeout') ?? '1h')
  if (timeout === undefined) return `-timeout=${flags.get('timeout')} is not a duration such as 10m`
  const bash = env['LOADTESTER_BASH'] ?? 'off'
  if (bash !== 'on' && bash !== 'off') return `LOADTESTER_BASH must be on or off, not "${bash}"`
  const namespaces = regexOf(flags.get('namespace-regexp') ?? env['LOADTESTER_NAMESPACE_REGEXP'] ?? '')
  if (namespaces === null) return 'the regular expression for namespaces cannot be read'
  return { port, timeout, programs: bash, namespaces }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}

function flagsOf(words: readonly string[]): ReadonlyMap<string, string> | string {
  const flags = new Map<string, string>()
  for (const word of words) {
    const [, name, value] = /^--?(port|timeout|namespace-regexp|log-level)=(.*)$/s.exec(word) ?? []
    if (name === undefined || value === undefined) {
      return `"${word}" is not an option of the load tester: use -port=, -timeout= or -namespace-regexp=`
    }
    flags.set(name, value)
  }
  return flags
}

function durationOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit ?? ''] ?? 0)
}

// undefined: all; null: not one.
function regexOf(text: string): RegExp | undefined | null {
  if (text === '') return undefined
  try {
    return new RegExp(text)
  } catch {
    return null
  }
}
