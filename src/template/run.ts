// Runs a parsed query template: by Go's rules where it is about values, with bounds on steps and on what is made.

import { FUNCTIONS } from './functions.ts'
import type { Command, Node, Operand, Pipe } from './parse.ts'
import { bytesOf, isTrue, printed, sortedEntries, TemplateError, typeName, type Value } from './value.ts'

/** Most actions and rounds of ranges in one run. */
export const MAX_STEPS = 100_000
/** Longest result, and longest string made on the way, in bytes. */
export const MAX_SIZE = 65_536

/** The text that `nodes` make with these functions without arguments; throws TemplateError. */
export function runTemplate(nodes: readonly Node[], given: Readonly<Record<string, Value>>): string {
  return new Run(given).text(nodes)
}

type Flow = 'on' | 'break' | 'continue'

class Run {
  readonly #given: Readonly<Record<string, Value>>
  readonly #variables: { readonly name: string; value: Value }[] = [{ name: '$', value: undefined }]
  #output = ''
  #steps = 0
  #size = 0

  constructor(given: Readonly<Record<string, Value>>) {
    this.#given = given
  }

  text(nodes: readonly Node[]): string {
    this.#walk(nodes, undefined)
    return this.#output
  }

  #walk(nodes: readonly Node[], dot: Value): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot)
      if (flow !== 'on') return flow
    }
    return 'on'
  }

  #node(node: Node, dot: Value): Flow {
    switch (node.kind) {
      case 'text':
        this.#print(node.text, 1)
        return 'on'
      case 'break':
      case 'continue':
        return node.kind
      case 'print': {
        const value = this.#pipe(node.pipe, dot)
        if (node.pipe.sets === undefined) this.#print(printed(value), node.pipe.line)
        return 'on'
      }
      case 'if':
      case 'with':
      case 'range':
        return this.#scoped(node, dot)
    }
  }

  #scoped(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Flow {
    const known = this.#variables.length
    try {
      if (node.kind === 'range') return this.#range(node, dot)
      const value = this.#pipe(node.pipe, dot)
      if (isTrue(value)) return this.#walk(node.body, node.kind === 'with' ? value : dot)
      return this.#walk(node.other, dot)
    } finally {
      this.#variables.length = known
    }
  }

  #range({ pipe, body, other }: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Flow {
    const value = this.#pipe({ ...pipe, names: [], sets: undefined }, dot)
    const known = this.#variables.length
    let rounds = 0
    for (const [key, item] of itemsOf(value, pipe)) {
      rounds++
      this.#step(pipe.line)
      const [first, second] = pipe.names
      if (second === undefined) this.#set(pipe, first, item)
      else {
        this.#set(pipe, first, key)
        this.#set(pipe, second, item)
      }
      const flow = this.#walk(body, item)
      this.#variables.length = known
      if (flow === 'break') break
    }
    return rounds === 0 ? this.#walk(other, dot) : 'on'
  }

  #set({ sets, line }: Pipe, name: string | undefined, value: Value): void {
    if (name === undefined) return
    if (sets === 'new') this.#variables.push({ name, value })
    else this.#variable(name, line).value = value
  }

  #variable(name: string, line: number): { value: Value } {
    const found = this.#variables.findLast((variable) => variable.name === name)
    if (found === undefined) throw new TemplateError(line, `undefined variable: ${name}`)
    return found
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    this.#step(pipe.line)
    let value: Value
    for (const [index, command] of pipe.commands.entries()) {
      value = this.#command(command, { dot, line: pipe.line, last: index === 0 ? [] : [value] })
    }
    for (const name of pipe.names) this.#set(pipe, name, value)
    return value
  }

  #command([head, ...operands]: Command, at: Call): Value {
    if (head.kind === 'function') return this.#call(head.name, operands, at)
    if (operands.length + at.last.length > 0) {
      const what = head.kind === 'fields' ? head.fields.at(-1) : 'a value'
      throw new TemplateError(at.line, `${what} is not a function but has arguments`)
    }
    if (head.kind === 'value' && head.value === undefined) throw new TemplateError(at.line, 'nil is not a command')
    return this.#value(head, at)
  }

  #value(operand: Operand, { dot, line }: Call): Value {
    switch (operand.kind) {
      case 'value':
        return operand.value
      case 'dot':
        return dot
      case 'variable':
        return this.#variable(operand.name, line).value
      case 'function':
        return this.#call(operand.name, [], { dot, line, last: [] })
      case 'pipe':
        return this.#pipe(operand.pipe, dot)
      case 'fields':
        return operand.fields.reduce<Value>((value, field) => fieldOf(value, field, line), this.#value(operand.of, { dot, line, last: [] }))
    }
  }

  #call(name: string, operands: readonly Operand[], at: Call): Value {
    this.#step(at.line)
    if (Object.hasOwn(this.#given, name)) {
      const count = operands.length + at.last.length
      if (count > 0) throw new TemplateError(at.line, `wrong number of args for ${name}: want 0 got ${count}`)
      return this.#given[name]
    }
    if (name === 'and' || name === 'or') return this.#until(name, operands, at)
    const args = [...operands.map((operand) => this.#value(operand, at)), ...at.last]
    const value = FUNCTIONS[name]?.(args, (because) => {
      throw new TemplateError(at.line, `${name}: ${because}`)
    })
    if (typeof value === 'string' && bytesOf(value).length > MAX_SIZE)
      throw new TemplateError(at.line, `${name}: longer than ${MAX_SIZE} bytes`)
    return value
  }

  // and, or: the first argument that decides, or the last; those after it are not evaluated.
  #until(name: 'and' | 'or', operands: readonly Operand[], at: Call): Value {
    if (operands.length + at.last.length === 0) throw new TemplateError(at.line, `wrong number of args for ${name}: want at least 1 got 0`)
    let value: Value
    for (const operand of operands) {
      value = this.#value(operand, at)
      if (isTrue(value) === (name === 'or')) return value
    }
    return at.last.length > 0 ? at.last[0] : value
  }

  #print(text: string, line: number): void {
    this.#size += bytesOf(text).length
    if (this.#size > MAX_SIZE) throw new TemplateError(line, `the query is longer than ${MAX_SIZE} bytes`)
    this.#output += text
  }

  #step(line: number): void {
    if (++this.#steps > MAX_STEPS) throw new TemplateError(line, `more than ${MAX_STEPS} steps`)
  }
}

interface Call {
  readonly dot: Value
  readonly line: number
  /** The value of the command before it in the pipeline. */
  readonly last: readonly Value[]
}

function fieldOf(value: Value, field: string, line: number): Value {
  if (value === undefined) throw new TemplateError(line, `nil data; no entry for key ${JSON.stringify(field)}`)
  if (typeof value !== 'object') throw new TemplateError(line, `can't evaluate field ${field} in type ${typeName(value)}`)
  const found = value.get(field)
  if (found === undefined) throw new TemplateError(line, `map has no entry for key ${JSON.stringify(field)}`)
  return found
}

function* itemsOf(value: Value, { names, line }: Pipe): Generator<readonly [Value, Value]> {
  if (typeof value === 'object') {
    yield* sortedEntries(value)
    return
  }
  if (value === undefined) return
  if (typeof value !== 'bigint') throw new TemplateError(line, `range can't iterate over ${printed(value)}`)
  if (names.length > 1) throw new TemplateError(line, `can't use ${value} to iterate over more than one variable`)
  for (let item = 0n; item < value; item++) yield [item, item]
}
