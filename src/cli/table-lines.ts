// Tables as kubectl prints them: columns as wide as their widest cell, three blanks between them.

import type { Line, Tone } from './demo-view.ts'

/** The head and a line for each row, without blanks at the end. */
export function tableLines(
  head: readonly string[],
  rows: readonly { readonly cells: readonly string[]; readonly tone: Tone }[]
): readonly Line[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)))
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
      .join('')
      .trimEnd()
  return [{ text: lineOf(head), tone: 'plain' }, ...rows.map(({ cells, tone }) => ({ text: lineOf(cells), tone }))]
}
