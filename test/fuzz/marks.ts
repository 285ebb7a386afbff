// Texts of plays: marks and short forms in them, and how they are cut into writes and reads. `@@` becomes `~caller.number~`, so that bytes which
// come out at a wrong place can be told.

import type { Dice } from '../http1/dice.ts'

/** Texts that are kept: those of the seeds and some more. */
const FILLERS_MAX = 50
const MARK = /~(\d+)\.(\d+)~/g

/** The text with marks of this caller; `number` gives the next one. */
export function marked(text: string, caller: number, number: () => number): string {
  return text.replaceAll('@@', () => `~${caller}.${number()}~`)
}

/** Marks of others than this caller in the text. */
export function strangers(text: string, caller: number): string[] {
  if (!text.includes('~')) return []
  return [...text.matchAll(MARK)].filter(([, who]) => Number(who) !== caller).map(([mark]) => mark)
}

const fillers = new Map<string, string>()

// No part of it is like another of the same place elsewhere: bytes that were overwritten or moved show.
function filler(letter: string, count: number): string {
  const key = `${letter}${count}`
  const known = fillers.get(key)
  if (known !== undefined) return known
  const parts: string[] = []
  for (let length = 0; length < count;) length += parts[parts.push(`${letter}${parts.length}`) - 1]?.length ?? count
  const text = parts.join('').slice(0, count)
  if (fillers.size < FILLERS_MAX) fillers.set(key, text)
  return text
}

/** Text in which large bodies may be written short: `{x*300}` stands for 300 bytes that begin with x. */
export function unfolded(text: string): string {
  return !text.includes('*')
    ? text
    : text.replaceAll(/\{(.)\*(\d{1,6})\}/gs, (_, letter: string, count: string) => filler(letter, Number(count)))
}

/** How much of what is left goes at once: mostly up to `piece`, but so that a long text takes tens of steps and not thousands. */
export function pieceOf(dice: Dice, piece: number, left: number): number {
  const most = left > 600 ? Math.max(piece, left / 3) : dice.chance(0.25) ? Math.max(piece, left / 2) : piece
  return Math.min(left, 1 + dice.below(Math.max(1, Math.ceil(most))))
}
