// Probes that run a program to ask the container over HTTP: wget, curl and podcli of the images they were written for, which this machine may
// not have. They say localhost, which in a pod is the pod and for a process here is everybody's; so they are asked at the pod's address.

/** What such a command asks. */
export interface LocalCheck {
  readonly port: number
  readonly path: string
}

/** A program's options as far as a check has them: those alone, and those with a value. */
interface Options {
  readonly alone: readonly string[]
  readonly valued: readonly string[]
  /** Options whose values are files: only those that keep nothing are understood. */
  readonly files: readonly string[]
  /** One of these must be there, or an answer of any status is success. */
  readonly needs?: readonly string[]
}

const WGET: Options = {
  alone: ['-q', '--quiet', '-nv', '--no-verbose', '-S', '--server-response', '--spider'],
  valued: ['-t', '--tries', '-T', '--timeout', '--connect-timeout', '--read-timeout'],
  files: ['-O', '--output-document']
}
const CURL: Options = {
  alone: ['-f', '--fail', '-s', '--silent', '-S', '--show-error', '-L', '--location', '-I', '--head'],
  valued: ['-m', '--max-time', '--connect-timeout', '--retry'],
  files: ['-o', '--output'],
  needs: ['-f', '--fail']
}

/** The check that a command is, undefined for any other: that one is to be run. */
export function localCheck([program = '', ...words]: readonly string[]): LocalCheck | undefined {
  switch (program.slice(program.lastIndexOf('/') + 1)) {
    case 'wget':
      return askedBy(WGET, words)
    case 'curl':
      return askedBy(CURL, words)
    case 'podcli':
      return words[0] === 'check' && words[1] === 'http'
        ? askedBy({ alone: [], valued: ['--retry', '--delay'], files: [] }, words.slice(2))
        : undefined
    default:
      return undefined
  }
}

function askedBy(options: Options, words: readonly string[]): LocalCheck | undefined {
  const seen = new Set<string>()
  const urls: string[] = []
  const left = words.flatMap((word) => spread(options, word))
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith('-')) {
      urls.push(word)
      continue
    }
    const [name, given] = cut(word)
    seen.add(name)
    if (!options.alone.includes(name) && !isKnown(options, name, given ?? left.shift())) return undefined
  }
  if (options.needs?.some((name) => seen.has(name)) === false) return undefined
  return urls.length === 1 ? placeOf(urls[0] ?? '') : undefined
}

function isKnown({ valued, files }: Options, name: string, value: string | undefined): boolean {
  return valued.includes(name) || (files.includes(name) && (value === '-' || value === '/dev/null'))
}

function cut(word: string): readonly [name: string, value: string | undefined] {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)]
}

/** `-qO-` as `-q`, `-O`, `-`; words that are not cut like this stay. */
function spread(options: Options, word: string): readonly string[] {
  if (!/^-[^-]./.test(word) || options.alone.includes(word)) return [word]
  const words: string[] = []
  for (let at = 1; at < word.length; at += 1) {
    const name = `-${word[at]}`
    words.push(name)
    if (options.alone.includes(name)) continue
    const value = word.slice(at + 1)
    return value === '' ? words : [...words, value]
  }
  return words
}

function placeOf(url: string): LocalCheck | undefined {
  const found = /^(?:http:\/\/)?(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(\/\S*)?$/.exec(url)
  return found === null ? undefined : { port: Number(found[1] ?? 80), path: found[2] ?? '/' }
}
