// Quoted text that goes on in lines no further right than its key: kubectl's reader takes it (Flagger's official definitions have it), YAML
// does not. White space at the start of such a line means nothing, so spaces make it what was meant, and no line number changes.

import { Lexer } from 'yaml'

/** A text in which quoted text stands as YAML wants it, and the places, both from 1, of those that did not. */
export interface IndentedText {
  readonly text: string
  readonly indented: readonly { readonly line: number; readonly column: number }[]
}

/** Characters read again, and spaces added, for one text at most: what is left after these stays as it is, and is an error. */
const REREAD_MAX = 8 * 1024 * 1024
const ADDED_MAX = 1024 * 1024

/** Moves on the lines of quoted text that begin too far left; a text that ends within quotes is left alone. */
export function indentQuotes(text: string): IndentedText {
  const indented: { line: number; column: number }[] = []
  let [done, rest, line] = ['', text, 1]
  let budget = { read: REREAD_MAX + text.length, added: ADDED_MAX }
  for (;;) {
    budget = { ...budget, read: budget.read - rest.length }
    const cut = budget.read < 0 ? undefined : cutQuote(rest)
    const close = cut === undefined ? -1 : closing(rest, cut.start)
    if (cut === undefined || close < 0) return { text: done + rest, indented }
    const start = rest.lastIndexOf('\n', cut.start) + 1
    const by = (/^[ -]*/.exec(rest.slice(start, cut.start))?.[0].length ?? 0) + 1
    budget = { ...budget, added: budget.added - by * count(rest.slice(cut.start, close)) }
    if (budget.added < 0) return { text: done + rest, indented }
    const moved = rest.slice(cut.start, close).replaceAll('\n', `\n${' '.repeat(by)}`)
    line += count(rest.slice(0, cut.document))
    indented.push({ line: line + count(rest.slice(cut.document, cut.start)), column: cut.start - start + 1 })
    // Lexing begins anew at the document: the mended lines decide what follows.
    done += rest.slice(0, cut.document)
    rest = rest.slice(cut.document, cut.start) + moved + rest.slice(close)
  }
}

// The first quoted text that the lexer ends before its closing quote: where it begins, and where its document does.
function cutQuote(text: string): { readonly start: number; readonly document: number } | undefined {
  let [offset, document, before] = [0, 0, '']
  for (const lexeme of new Lexer().lex(text)) {
    const isContent = before === SCALAR
    if (lexeme === '---' && !isContent) document = offset
    if (!isContent && isCut(lexeme)) return { start: offset, document }
    if (!MARKS.has(lexeme) || isContent) offset += lexeme.length
    before = isContent ? '' : lexeme
  }
  return undefined
}

const SCALAR = '\u001f'
const MARKS = new Set(['\u0002', '\u0018', SCALAR])

function isCut(lexeme: string): boolean {
  if (!lexeme.startsWith("'") && !lexeme.startsWith('"')) return false
  return closing(lexeme, 0) < 0
}

// One past the quote that closes the one at `start`; -1 when none does. No regular expression: one overflows the stack on a long text.
function closing(text: string, start: number): number {
  const quote = text[start] ?? ''
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at]
    if (char === '\\' && quote === '"') at += 1
    else if (char === quote && quote === "'" && text[at + 1] === "'") at += 1
    else if (char === quote) return at + 1
  }
  return -1
}

function count(text: string): number {
  return text.split('\n').length - 1
}
