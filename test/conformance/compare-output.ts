// Comparing what a kubectl printed with what was recorded, by the rules of the recordings' README: tables by their cells, standard error as a
// set of lines without log lines.

import { plainMessage } from './compare-answer.ts'
import { type Bindings, differences } from './recording.ts'

/** What a command printed and how it ended; `exitCode` undefined where it does not count. */
export interface Printed {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** What differs; empty when the output is right. The parser's own words (README, "parser") do not count. */
export function compareOutput(recorded: Printed, actual: Printed, bindings: Bindings): string[] {
  const code = recorded.exitCode === undefined || recorded.exitCode === actual.exitCode
  const json = [recorded.stdout, actual.stdout].map(parsed)
  return [
    ...(code ? [] : [`exit code: expected ${recorded.exitCode}, got ${actual.exitCode} ${actual.stderr.trim().slice(0, 200)}`]),
    ...(json[0] !== undefined && json[1] !== undefined
      ? differences(json[0], json[1], { bindings, ignoreZero: false })
      : compareLines(recorded.stdout, actual.stdout, bindings)),
    ...compareSets(recorded.stderr, actual.stderr, bindings)
  ]
}

function compareLines(recorded: string, actual: string, bindings: Bindings): string[] {
  const [expected, got] = [linesOf(recorded), linesOf(actual)]
  for (const [index, line] of expected.entries()) {
    const other = got[index]
    if (other === undefined || !sameLine(line, other, bindings))
      return [`line ${index + 1}: expected ${quoted(line)}, got ${quoted(other)}`]
  }
  return got.length > expected.length ? [`line ${expected.length + 1}: expected no more, got ${quoted(got[expected.length])}`] : []
}

function linesOf(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => !isBookmark(line))
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

// Bookmarks come when the server likes, but for the one that ends the initial events.
function isBookmark(line: string): boolean {
  return line.startsWith('{"type":"BOOKMARK"') && !line.includes('initial-events-end')
}

/** Equal, or equal cell by cell: widths of columns follow the values that placeholders hide. Indentation counts. */
function sameLine(recorded: string, actual: string, bindings: Bindings): boolean {
  const json = [recorded, actual].map(parsed)
  if (json[0] !== undefined && json[1] !== undefined) return differences(json[0], json[1], { bindings, ignoreZero: false }).length === 0
  const [expected, got] = [recorded, actual].map((line) => cellsOf(plainMessage(line)))
  if (expected === undefined || got === undefined || expected.length !== got.length) return false
  return expected.every((cell, index) => bindings.matches(cell, got[index] ?? ''))
}

/** An object of JSON, whose keys may come in any order and whose managed fields are left out; undefined for any other text. */
function parsed(text: string): unknown {
  if (!/^[{[]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function cellsOf(line: string): string[] {
  const indent = /^ */.exec(line)?.[0] ?? ''
  return [indent, ...line.slice(indent.length).split(/ {2,}|\t+/)]
}

const LOG_LINE = /^[EWIF](?:<klog>|\d{4} \d\d:\d\d:\d\d)/

function compareSets(recorded: string, actual: string, bindings: Bindings): string[] {
  const left = linesOf(actual).filter((line) => !LOG_LINE.test(line))
  const missing: string[] = []
  for (const line of linesOf(recorded).filter((one) => !LOG_LINE.test(one))) {
    const at = left.findIndex((other) => sameLine(line, other, bindings))
    if (at < 0) missing.push(line)
    else left.splice(at, 1)
  }
  return [...missing.map((line) => `stderr: expected ${quoted(line)}`), ...left.map((line) => `stderr: got ${quoted(line)}`)]
}

function quoted(line: string | undefined): string {
  const text = JSON.stringify(line) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}..."` : text
}
