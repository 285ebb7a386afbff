// How large and deep YAML is: first of all of a text on its lexemes, one after the other, because building a token tree of hostile text takes
// minutes and gigabytes; then of one document on its token tree, with an explicit stack, before it is composed.

import { type CST, Lexer } from 'yaml'

/** Levels of nesting, nodes, aliases and characters that one document may have. Istio's largest definition has 10,190 nodes. */
export const YAML_LIMITS = { depth: 64, nodes: 50_000, aliases: 100, size: 1024 * 1024 } as const

/** Words, signs and line ends that a document within these limits has at most; building a tree of more takes seconds. */
export const LEXEMES_MAX = 4 * YAML_LIMITS.nodes

/** Whether a text that is to be one document is over LEXEMES_MAX; looks no further than that, and builds nothing. */
export function isOverlong(text: string): boolean {
  let lexemes = 0
  for (const _ of new Lexer().lex(text)) if (++lexemes > LEXEMES_MAX) return true
  return false
}

/** Which limit is passed, in words, and where in the text. */
export interface LimitFault {
  readonly code: string
  readonly message: string
  readonly offset: number
}

/** Lexemes of one document, levels of brackets, and indicators of nesting on one line: far beyond what YAML_LIMITS lets pass. */
export const LEXEME_LIMITS = { count: LEXEMES_MAX, brackets: 1000, indicators: 100 } as const

const DOCUMENT = '\u0002'
const MARKS = new Set([DOCUMENT, '\u0018', '\u001f'])
const LEVELS: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 }

/** The first of LEXEME_LIMITS that a text passes; undefined when it keeps all, and a token tree may be made of it. */
export function scan(text: string): LimitFault | undefined {
  const found = { count: 0, brackets: 0, indicators: 0 }
  let [offset, before] = [0, '']
  for (const lexeme of new Lexer().lex(text)) {
    // What follows the mark of a scalar is content.
    const isContent = before === '\u001f'
    if (lexeme === DOCUMENT || (lexeme === '---' && !isContent)) Object.assign(found, { count: 0, brackets: 0, indicators: 0 })
    if (!isContent) count(found, lexeme)
    const fault = lexemeFault(found)
    if (fault !== undefined) return { ...fault, offset }
    if (!MARKS.has(lexeme) || isContent) offset += lexeme.length
    before = isContent ? '' : lexeme
  }
  return undefined
}

function count(found: Record<keyof typeof LEXEME_LIMITS, number>, lexeme: string): void {
  found.count += 1
  found.brackets = Math.max(0, found.brackets + (LEVELS[lexeme] ?? 0))
  if (lexeme.includes('\n')) found.indicators = 0
  if (found.brackets === 0 && (lexeme === '-' || lexeme === '?' || lexeme === ':')) found.indicators += 1
}

function lexemeFault(found: Readonly<Record<keyof typeof LEXEME_LIMITS, number>>): Omit<LimitFault, 'offset'> | undefined {
  if (found.brackets > LEXEME_LIMITS.brackets || found.indicators > LEXEME_LIMITS.indicators) {
    return { code: 'too-deep', message: `is nested deeper than ${YAML_LIMITS.depth} levels` }
  }
  return found.count > LEXEME_LIMITS.count ? { code: 'too-many-nodes', message: `has more than ${YAML_LIMITS.nodes} values` } : undefined
}

/** The first limit that the document in `tokens` passes; undefined when it keeps all. `end` is where the text ends. */
export function measure(tokens: readonly CST.Token[], end: number): LimitFault | undefined {
  const counts = { nodes: 0, aliases: 0 }
  let last = 0
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.toReversed().map((token) => ({ token, depth: 0 }))
  const first = tokens[0]?.offset ?? 0
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { token, depth } = one
    last = Math.max(last, Math.min(token.offset, end))
    counts.nodes += 1
    if (token.type === 'alias') counts.aliases += 1
    const fault = faultOf({ ...counts, depth, size: last - first })
    if (fault !== undefined) return { ...fault, offset: token.offset }
    for (const inner of childrenOf(token)) open.push({ token: inner, depth: token.type === 'document' ? depth : depth + 1 })
  }
  return undefined
}

function faultOf(found: Readonly<Record<keyof typeof YAML_LIMITS, number>>): Omit<LimitFault, 'offset'> | undefined {
  if (found.depth > YAML_LIMITS.depth) return { code: 'too-deep', message: `is nested deeper than ${YAML_LIMITS.depth} levels` }
  if (found.nodes > YAML_LIMITS.nodes) return { code: 'too-many-nodes', message: `has more than ${YAML_LIMITS.nodes} values` }
  if (found.aliases > YAML_LIMITS.aliases) return { code: 'too-many-aliases', message: `has more than ${YAML_LIMITS.aliases} aliases` }
  return found.size > YAML_LIMITS.size ? { code: 'too-long', message: `is longer than ${YAML_LIMITS.size} characters` } : undefined
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap((item) => [item.key, item.value].filter((inner) => inner !== undefined && inner !== null))
}
