// Splits a query template into text and the tokens of its actions, as Go's text/template does: trim markers, comments, strings, numbers.

import { isSpace, TemplateError } from './value.ts'

/** A piece of an action. `space` separates operands and means nothing else. */
export type Token =
  | { readonly kind: 'space' | 'pipe' | 'open' | 'close' | 'comma' | 'declare' | 'assign' | 'dot'; readonly text: string }
  | { readonly kind: 'word' | 'field' | 'variable' | 'number' | 'string'; readonly text: string }

/** Text to copy, or an action; `line` is where it begins, from 1. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string; readonly line: number }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly line: number }

const OPEN = '{{'
const CLOSE = '}}'
const SIGNS: Readonly<Record<string, Token['kind']>> = { '|': 'pipe', '(': 'open', ')': 'close', ',': 'comma' }

/** The pieces of `source` in order; throws TemplateError for what Go's lexer refuses. */
export function piecesOf(source: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let line = 1
  let trims = false
  for (;;) {
    const open = source.indexOf(OPEN, at)
    const text = open === -1 ? source.slice(at) : source.slice(at, open)
    const left = open !== -1 && source[open + 2] === '-' && isSpace(source[open + 3])
    const kept = trimmed(text, { start: trims, end: left })
    if (kept !== '') pieces.push({ kind: 'text', text: kept, line })
    line += lines(text)
    if (open === -1) return pieces
    const action = actionAt(source, open + 2 + (left ? 2 : 0), line)
    if (action.tokens !== undefined) pieces.push({ kind: 'action', tokens: action.tokens, line })
    line += lines(source.slice(open, action.end))
    at = action.end
    trims = action.trims
  }
}

interface Action {
  /** undefined: a comment. */
  readonly tokens: readonly Token[] | undefined
  readonly end: number
  /** The text after it loses its leading spaces. */
  readonly trims: boolean
}

function actionAt(source: string, start: number, line: number): Action {
  const comment = source.startsWith('/*', start)
  if (comment) return commentAt(source, start, line)
  const tokens: Token[] = []
  let at = start
  for (;;) {
    const trim = isSpace(source[at]) && source.startsWith(`-${CLOSE}`, at + 1)
    if (trim || source.startsWith(CLOSE, at)) return { tokens, end: at + (trim ? 4 : 2), trims: trim }
    if (at >= source.length) throw new TemplateError(line, 'unclosed action')
    const token = tokenAt(source, at, line)
    tokens.push(token)
    at += token.text.length
  }
}

function commentAt(source: string, start: number, line: number): Action {
  const end = source.indexOf('*/', start)
  if (end === -1) throw new TemplateError(line, 'unclosed comment')
  const after = end + 2
  const trim = isSpace(source[after]) && source.startsWith(`-${CLOSE}`, after + 1)
  if (!trim && !source.startsWith(CLOSE, after)) throw new TemplateError(line, 'comment ends before closing delimiter')
  return { tokens: undefined, end: after + (trim ? 4 : 2), trims: trim }
}

// Each pattern is anchored where the token begins.
const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['declare', /:=/y],
  ['assign', /=/y],
  ['string', /"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])+'/suy],
  ['number', /[+-]?(?:\d|\.\d)[\w.]*(?:(?<=[eEpP])[+-]\d[\w]*)?/y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy]
]

function tokenAt(source: string, at: number, line: number): Token {
  const sign = SIGNS[source[at] ?? '']
  if (sign !== undefined) return { kind: sign, text: source[at] ?? '' }
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0]
    if (text === undefined) continue
    const token: Token = { kind, text: kind === 'space' ? spaceBeforeEnd(source, at, text) : text }
    if (!endsWell(token, source[at + token.text.length])) {
      throw new TemplateError(line, `bad character ${JSON.stringify(source[at + token.text.length])} after ${token.text}`)
    }
    return token
  }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  if (`"'\``.includes(character)) throw new TemplateError(line, 'unterminated quoted string')
  throw new TemplateError(line, `unexpected ${JSON.stringify(character)} in action`)
}

// The last space before `-}}` belongs to the trim marker.
function spaceBeforeEnd(source: string, at: number, text: string): string {
  return text.length > 1 && source.startsWith(`-${CLOSE}`, at + text.length) ? text.slice(0, -1) : text
}

// Go wants a terminator after names and fields, so that `variables.my-key` is told to be wrong instead of read as something else.
function endsWell({ kind }: Token, next: string | undefined): boolean {
  if (kind !== 'word' && kind !== 'field' && kind !== 'variable') return true
  return next === undefined || isSpace(next) || '.,|:()='.includes(next) || next === '}'
}

function trimmed(text: string, { start, end }: { readonly start: boolean; readonly end: boolean }): string {
  const cut = start ? text.replace(/^[ \t\r\n]+/, '') : text
  return end ? cut.replace(/[ \t\r\n]+$/, '') : cut
}

function lines(text: string): number {
  return text.split('\n').length - 1
}
