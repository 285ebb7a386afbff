// What Istio refuses in a header value (istio.md 5): a walk over its percent signs, parentheses and quotes, without a look at the names of
// commands. What it takes and Envoy refuses is parseFormat's (route) to say.

type State = 'literal' | 'name' | 'args' | 'text' | 'list' | 'listed' | 'closing' | 'closed'

/** Why Istio refuses a header value; undefined when it takes it. */
export function valueProblem(value: string): string | undefined {
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) return 'Control characters are not allowed'
  let state: State = 'literal'
  for (let at = 0; at < value.length; at += 1) {
    const char = value.charAt(at)
    const last = at + 1 === value.length
    if (state === 'literal' && char === '%') {
      if (last) return 'Un-escaped %: write %%'
      if (value[at + 1] === '%') at += 1
      else state = 'name'
      continue
    }
    if (char === '\\' && state === 'text') {
      if (last) return 'A backslash at its end'
      at += 1
      continue
    }
    const next = after(state, char)
    if (next === undefined) return `"${char}" where it cannot stand in a command`
    state = next
  }
  return state === 'literal' ? undefined : 'A % without a command that ends: write %% for a percent sign'
}

/** The state after a character; undefined where it cannot stand. */
function after(state: State, char: string): State | undefined {
  const { moves, blank, other } = STATES[state]
  return moves[char] ?? (/\s/.test(char) ? blank : other)
}

interface Moves {
  readonly moves: Readonly<Record<string, State>>
  /** After white space, and after anything else; undefined: refused. */
  readonly blank: State | undefined
  readonly other: State | undefined
}

const STATES: Readonly<Record<State, Moves>> = {
  literal: { moves: {}, blank: 'literal', other: 'literal' },
  name: { moves: { '%': 'literal', '(': 'args' }, blank: 'name', other: 'name' },
  args: { moves: { '[': 'list' }, blank: 'args', other: 'text' },
  text: { moves: { ')': 'closed', '"': 'listed' }, blank: 'text', other: 'text' },
  list: { moves: { '"': 'text' }, blank: 'list', other: undefined },
  listed: { moves: { ',': 'list', ']': 'closing' }, blank: 'listed', other: undefined },
  closing: { moves: { ')': 'closed' }, blank: 'closing', other: undefined },
  closed: { moves: { '%': 'literal' }, blank: 'closed', other: undefined }
}
