// Commands that are printed to be typed again.

/** The text as one word for sh, quoted where that is needed. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
