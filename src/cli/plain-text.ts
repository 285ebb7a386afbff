// Text of strangers on a terminal: names, annotations and messages must not steer it, nor change what the eye reads.

// C0, DEL and C1; line separators; marks that turn the direction of writing.
const UNSAFE = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** One line of text, each control character as a blank. */
export function plainText(text: string): string {
  return text.replaceAll(UNSAFE, ' ')
}

/** JSON text in which what `plainText` takes away is escaped; its own line breaks stay. */
export function escaped(json: string): string {
  return json.replaceAll(UNSAFE, (char) => (char === '\n' ? char : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`))
}
