// Header lines as text, and what edits of a route do to them.

import type { HeaderEdits } from '../route/decision.ts'

/** The lines that edits add. */
export function addedLines(edits: HeaderEdits): string {
  let lines = ''
  for (const [name, value] of edits.set) lines += `${name}: ${value}\r\n`
  for (const [name, value] of edits.add) lines += `${name}: ${value}\r\n`
  return lines
}

/** Whether edits take the field `name` (lower case) away: removed, or overwritten by a `set`. */
export function takesAway(edits: HeaderEdits, name: string): boolean {
  return edits.remove.includes(name) || isSet(edits, name)
}

/** A line that the proxy itself writes before the edits, as they leave it. */
export function ownLine(name: string, value: string | number, edits: HeaderEdits | undefined): string {
  return edits !== undefined && takesAway(edits, name) ? '' : `${name}: ${value}\r\n`
}

/** Whether edits write the field `name` (lower case). */
export function writes(edits: HeaderEdits | undefined, name: string): boolean {
  return edits !== undefined && (isSet(edits, name) || edits.add.some(([other]) => other === name))
}

function isSet(edits: HeaderEdits, name: string): boolean {
  for (const [other] of edits.set) if (other === name) return true
  return false
}

/** Lines, each ended by CR LF, after the edits. */
export function editedLines(lines: string, edits: HeaderEdits | undefined): string {
  if (edits === undefined) return lines
  const kept = lines.split('\r\n').filter((line) => line !== '' && !takesAway(edits, line.slice(0, line.indexOf(':')).toLowerCase()))
  return kept.map((line) => `${line}\r\n`).join('') + addedLines(edits)
}
