// Findings as text: Markdown tables, and the part of bench/README.md that holds them.

import type { KeptFinding } from './kept.ts'
import type { Table } from './finding.ts'

const BEGIN = '<!-- kept: written by npm run bench -- --keep -->'
const END = '<!-- end of kept -->'

/** A Markdown table under its title. */
export function tableText({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [`**${title}**`, '', line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line)].join('\n')
}

/** All that a bench found, with where and when. */
export function findingText(name: string, found: KeptFinding): string {
  const { date, machine, options, versions } = found.taken
  const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`)
  const notes = found.notes.length === 0 ? [] : [found.notes.map((note) => `- ${note}`).join('\n')]
  const parts = [
    `### ${name}: ${found.question}`,
    `${date}; ${machine}; ${programs.join(', ')}; ${options}.`,
    ...found.tables.map(tableText),
    ...notes
  ]
  return `${parts.join('\n\n')}\n`
}

/** `readme` with `text` between its two marks. */
export function withKept(readme: string, text: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the marks ${BEGIN} and ${END} are missing`)
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${text.trim()}\n\n${readme.slice(end)}`
}
