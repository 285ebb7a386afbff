// Text in XML: names are strangers' words.

/** `text` as the content of an element or a quoted attribute. What XML cannot hold at all becomes a blank. */
export function xmlText(text: string): string {
  return text
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\uFFFE\uFFFF]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
