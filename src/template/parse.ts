// The pieces of a query template as a tree, by the grammar of Go's text/template, without what would define or call other templates.

import { literalOf } from './literal.ts'
import { type Piece, piecesOf, type Token } from './lex.ts'
import { TemplateError, type Value } from './value.ts'

/** A part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly other: readonly Node[] }
  | { readonly kind: 'break' | 'continue' }

/** Commands, each one's value being the last argument of the next; `names` are the variables it sets. */
export interface Pipe {
  readonly line: number
  readonly names: readonly string[]
  readonly sets: 'new' | 'old' | undefined
  readonly commands: readonly Command[]
}

/** A function with its arguments, or a value alone. */
export type Command = readonly [Operand, ...Operand[]]

/** Something that has a value. */
export type Operand =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'dot' }
  | { readonly kind: 'function' | 'variable'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe }
  | { readonly kind: 'fields'; readonly of: Operand; readonly fields: readonly string[] }

/** Deepest nesting of blocks and parentheses together. */
export const MAX_DEPTH = 50

const ABSENT: Readonly<Record<string, string>> = {
  define: 'a query is one template',
  template: 'a query is one template',
  block: 'a query is one template',
  call: 'there are no function values',
  html: 'queries are not HTML',
  js: 'queries are not JavaScript',
  urlquery: 'queries are encoded as their provider needs'
}

/** Parses `source`, in which these functions may be called; throws TemplateError. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): readonly Node[] {
  const parser = new Parser(piecesOf(source), functions)
  const { nodes, end } = parser.block('the template')
  if (end !== undefined) throw new TemplateError(parser.line, `unexpected {{${end}}}`)
  return nodes
}

interface Block {
  readonly nodes: readonly Node[]
  /** The word that ended it, and for else what follows it. */
  readonly end: 'end' | 'else' | undefined
  readonly rest: readonly Token[]
}

class Parser {
  readonly #pieces: readonly Piece[]
  readonly #functions: ReadonlySet<string>
  readonly #variables: string[] = ['$']
  #at = 0
  #depth = 0
  #ranges = 0
  line = 1

  constructor(pieces: readonly Piece[], functions: ReadonlySet<string>) {
    this.#pieces = pieces
    this.#functions = functions
  }

  /** Everything up to the {{end}} or {{else}} of `what`. */
  block(what: string): Block {
    const nodes: Node[] = []
    for (;;) {
      const piece = this.#pieces[this.#at++]
      if (piece === undefined) {
        if (what === 'the template') return { nodes, end: undefined, rest: [] }
        throw new TemplateError(this.line, `unexpected EOF in ${what}`)
      }
      this.line = piece.line
      if (piece.kind === 'text') {
        nodes.push({ kind: 'text', text: piece.text })
        continue
      }
      const tokens = withoutEdges(piece.tokens)
      const [first, ...rest] = tokens
      const word = first?.kind === 'word' ? first.text : ''
      if (word === 'end' || word === 'else') {
        if (word === 'end' && rest.length > 0) throw new TemplateError(this.line, 'unexpected words after end')
        return { nodes, end: word, rest: withoutEdges(rest) }
      }
      nodes.push(this.#node(word, tokens))
    }
  }

  #node(word: string, tokens: readonly Token[]): Node {
    const rest = withoutEdges(tokens.slice(1))
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(word, rest)
      case 'break':
      case 'continue':
        if (this.#ranges === 0) throw new TemplateError(this.line, `{{${word}}} outside {{range}}`)
        if (rest.length > 0) throw new TemplateError(this.line, `unexpected words after ${word}`)
        return { kind: word }
      default:
        return { kind: 'print', pipe: this.#whole(tokens, 'command') }
    }
  }

  #control(word: 'if' | 'with' | 'range', tokens: readonly Token[]): Node {
    this.#deeper()
    const known = this.#variables.length
    const pipe = this.#whole(tokens, word)
    if (word === 'range') this.#ranges++
    const body = this.block(word)
    if (word === 'range') this.#ranges--
    const node: Node = { kind: word, pipe, body: body.nodes, other: body.end === 'else' ? this.#other(word, body.rest) : [] }
    this.#variables.length = known
    this.#depth--
    return node
  }

  // {{else}}, or {{else if}} and {{else with}}, which share the end of the block they are in.
  #other(word: 'if' | 'with' | 'range', rest: readonly Token[]): readonly Node[] {
    const [first] = rest
    if (first !== undefined) {
      if (word !== 'range' && first.text === word) return [this.#control(word, withoutEdges(rest.slice(1)))]
      throw new TemplateError(this.line, `unexpected ${JSON.stringify(first.text)} after else`)
    }
    const block = this.block(word)
    if (block.end === 'else') throw new TemplateError(this.line, 'expected end; found {{else}}')
    return block.nodes
  }

  // The one pipeline of an action.
  #whole(tokens: readonly Token[], context: string): Pipe {
    const reader = new Reader(tokens)
    const pipe = this.#pipe(reader, context)
    reader.skipSpace()
    if (reader.peek() !== undefined) throw new TemplateError(this.line, `unexpected ${JSON.stringify(reader.peek()?.text)} in ${context}`)
    return pipe
  }

  #pipe(reader: Reader, context: string): Pipe {
    const { names, sets } = this.#declaration(reader, context)
    const commands: Command[] = []
    for (;;) {
      const command = this.#command(reader)
      if (command === undefined) throw new TemplateError(this.line, `missing value for ${context}`)
      commands.push(command)
      const [head] = command
      if (commands.length > 1 && (head.kind === 'value' || head.kind === 'dot')) {
        throw new TemplateError(this.line, `non executable command in pipeline stage ${commands.length}`)
      }
      if (!reader.takes('pipe')) break
    }
    if (sets === 'new') this.#variables.push(...names)
    return { line: this.line, names, sets, commands }
  }

  #declaration(reader: Reader, context: string): Pick<Pipe, 'names' | 'sets'> {
    const names = reader.declared()
    if (names === undefined) return { names: [], sets: undefined }
    if (names.list.length > (context === 'range' ? 2 : 1)) throw new TemplateError(this.line, `too many declarations in ${context}`)
    if (names.sets === 'old') for (const name of names.list) this.#known(name)
    return { names: names.list, sets: names.sets }
  }

  #command(reader: Reader): Command | undefined {
    const operands: Operand[] = []
    for (;;) {
      reader.skipSpace()
      const operand = this.#operand(reader)
      if (operand === undefined) break
      operands.push(operand)
      if (!reader.atEndOfOperand()) throw new TemplateError(this.line, `unexpected ${JSON.stringify(reader.peek()?.text)} in operand`)
    }
    const [head, ...rest] = operands
    return head === undefined ? undefined : [head, ...rest]
  }

  #operand(reader: Reader): Operand | undefined {
    const term = this.#term(reader)
    const fields: string[] = []
    while (reader.peek()?.kind === 'field') fields.push((reader.next()?.text ?? '').slice(1))
    if (fields.length === 0 || term === undefined) return term
    if (term.kind === 'value') throw new TemplateError(this.line, 'unexpected . after a literal')
    return { kind: 'fields', of: term, fields }
  }

  #term(reader: Reader): Operand | undefined {
    const token = reader.peek()
    switch (token?.kind) {
      case 'word':
        return this.#word((reader.next() ?? token).text)
      case 'variable':
        this.#known(token.text)
        return { kind: 'variable', name: (reader.next() ?? token).text }
      case 'dot':
        reader.next()
        return { kind: 'dot' }
      // The fields follow.
      case 'field':
        return { kind: 'dot' }
      case 'number':
      case 'string':
        return { kind: 'value', value: literalOf((reader.next() ?? token).text, this.line) }
      case 'open':
        return this.#parenthesised(reader)
      case 'comma':
      case 'assign':
      case 'declare':
        throw new TemplateError(this.line, `unexpected ${JSON.stringify(token.text)} in operand`)
      case 'close':
      case 'pipe':
      case 'space':
      case undefined:
        return undefined
    }
  }

  #parenthesised(reader: Reader): Operand {
    this.#deeper()
    reader.next()
    const pipe = this.#pipe(reader, 'parenthesized pipeline')
    if (!reader.takes('close')) throw new TemplateError(this.line, 'unclosed left paren')
    this.#depth--
    return { kind: 'pipe', pipe }
  }

  #word(name: string): Operand {
    if (name === 'true' || name === 'false') return { kind: 'value', value: name === 'true' }
    if (name === 'nil') return { kind: 'value', value: undefined }
    const reason = Object.hasOwn(ABSENT, name) ? ABSENT[name] : undefined
    if (reason !== undefined) throw new TemplateError(this.line, `${name} is not supported here: ${reason}`)
    if (!this.#functions.has(name)) throw new TemplateError(this.line, `function ${JSON.stringify(name)} not defined`)
    return { kind: 'function', name }
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) throw new TemplateError(this.line, `undefined variable ${JSON.stringify(name)}`)
  }

  #deeper(): void {
    if (++this.#depth > MAX_DEPTH) throw new TemplateError(this.line, `nested deeper than ${MAX_DEPTH}`)
  }
}

/** The tokens of one action. */
class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  skipSpace(): void {
    while (this.peek()?.kind === 'space') this.#at++
  }

  atEndOfOperand(): boolean {
    const kind = this.peek()?.kind
    return kind === undefined || kind === 'space' || kind === 'pipe' || kind === 'close'
  }

  /** Takes the next token, spaces before it too, when it is of this kind. */
  takes(kind: Token['kind']): boolean {
    this.skipSpace()
    if (this.peek()?.kind !== kind) return false
    this.#at++
    return true
  }

  /** The names of `$a := `, `$a = ` or `$a, $b := ` at the beginning; undefined when there is none. */
  declared(): { readonly list: readonly string[]; readonly sets: 'new' | 'old' } | undefined {
    const before = this.#at
    const list: string[] = []
    do {
      this.skipSpace()
      const token = this.next()
      if (token?.kind !== 'variable') break
      list.push(token.text)
      if (this.takes('declare')) return { list, sets: 'new' }
      if (this.takes('assign')) return { list, sets: 'old' }
    } while (this.takes('comma'))
    this.#at = before
    return undefined
  }
}

function withoutEdges(tokens: readonly Token[]): readonly Token[] {
  const first = tokens.findIndex(({ kind }) => kind !== 'space')
  const last = tokens.findLastIndex(({ kind }) => kind !== 'space')
  return first === -1 ? [] : tokens.slice(first, last + 1)
}
