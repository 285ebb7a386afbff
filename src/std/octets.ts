// Text of a configuration as it is written in a message's head: heads are latin1 here, a character for a byte.

/** The bytes of UTF-8 as characters. */
export function octetsOf(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

/** True when the text cannot stand in a head: it would end its line. */
export function breaksHead(text: string): boolean {
  return /[\0\r\n]/.test(text)
}

/** The same for a head: what would end its line is left out. */
export function headText(text: string): string {
  return octetsOf(text.replaceAll(/[\0\r\n]/g, ''))
}
