// Text of strangers made fit for logs, Events, conditions and alerts: what moves a terminal, hides or reorders text is shown, not obeyed.

/** Longest text that is told: Kubernetes' bound for the message of an Event. */
export const TOLD_MAX = 1024

// C0 and C1 controls, DEL, marks that reorder text (Bidi_Control), line and paragraph separators, invisible marks, lone surrogates.
const UNFIT = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\u200b\u2060\ufeff]/gu

/**
 * `text` in one line without control characters: white space becomes one blank, others are written as \x1b or \u202e. Longer than `max`
 * UTF-16 units it is cut, which an ellipsis shows. What is printable already stays as it is.
 */
export function printable(text: string, max: number = TOLD_MAX): string {
  const line = text.slice(0, 4 * max).replaceAll(/[\t\n\v\f\r]+/g, ' ')
  const fit = line.replaceAll(UNFIT, written)
  return fit.length <= max ? fit : `${fit.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function written(character: string): string {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
