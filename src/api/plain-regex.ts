// Which regular expressions are sound by their looks: literals, classes, groups, alternatives and repetitions as nearly all rules have them.
// RE2 takes every one of them (pinned by a property test), so nobody has to compile thousands to know; of others it says nothing.

const CHARACTER = String.raw`[A-Za-z0-9 /_\-,:;~@%&=!#'"<>]`
const ESCAPE = String.raw`\\[dDwWsS./\-_^$|*+?()[\]{}\\]`
const MEMBER = String.raw`(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|[A-Za-z0-9 /_.,:;~@%&=!#'"<>|*+?(){}$]|\\[dwsDWS./\-\]\\])`
const ATOM = String.raw`(?:${CHARACTER}|\.|${ESCAPE}|\[\^?${MEMBER}+-?\])`
/** RE2 has a limit for numbers of times, and for what they multiply to. */
const TIMES = String.raw`\{\d{1,3}(?:,\d{0,3})?\}`
const PART = new RegExp(String.raw`\((?:\?:)?|[\^$|]|(?:\)|${ATOM})(?:(?:[*+?]|${TIMES})\??)?(?![*+?{])`, 'y')

const REVERSED = /\{(\d+),(\d+)\}|([a-zA-Z0-9])-([a-zA-Z0-9])/g

/** True: RE2 compiles it. False: it may or may not. */
export function isPlainRegex(expression: string): boolean {
  let open = 0
  let at = 0
  while (at < expression.length) {
    PART.lastIndex = at
    const part = PART.exec(expression)?.[0]
    if (part === undefined) return false
    at += part.length
    if (part.startsWith('(')) open += 1
    if (part.startsWith(')')) open -= 1
    if (open < 0 || isReversed(part)) return false
  }
  return open === 0 && (!expression.includes('){') || timesIn(expression) <= TIMES_MAX)
}

const TIMES_MAX = 1000

/** As if everything that is counted stood inside each other. */
function timesIn(expression: string): number {
  return [...expression.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].reduce(
    (product, [, least, most]) => product * Math.max(1, Number(most || least)),
    1
  )
}

/** `{3,2}`, `[z-a]`: in doubt, yes. */
function isReversed(part: string): boolean {
  return (
    part.length > 3 &&
    [...part.matchAll(REVERSED)].some(([, least, most, first = '', last = '']) =>
      least === undefined ? first > last : Number(least) > Number(most)
    )
  )
}
