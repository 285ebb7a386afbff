// Envoy's matchers of strings and headers as the tests that routing knows. What has no such test (suffixes, parts, ignored case) becomes an
// RE2 expression of the same meaning.

import type { ProtoMessage } from './proto-json.ts'
import type { HeaderTest, StringTest } from './route-table.ts'

const ANYTHING: StringTest = { kind: 'present' }

/** A StringMatcher. */
export function readStringTest(message: ProtoMessage): StringTest {
  const test = stringTest(message) ?? message.reject('', 'has no pattern that is known here') ?? ANYTHING
  message.finish()
  return test
}

function stringTest(message: ProtoMessage): StringTest | undefined {
  const ignoreCase = message.flag('ignore_case')
  const exact = message.text('exact')
  if (exact !== undefined) return ignoreCase ? regex(`(?i)${quoted(exact)}`) : { kind: 'exact', value: exact }
  const prefix = message.text('prefix')
  if (prefix !== undefined) return ignoreCase ? regex(`(?is)${quoted(prefix)}.*`) : { kind: 'prefix', value: prefix }
  const flags = ignoreCase ? '(?is)' : '(?s)'
  const suffix = message.text('suffix')
  if (suffix !== undefined) return regex(`${flags}.*${quoted(suffix)}`)
  const part = message.text('contains')
  if (part !== undefined) return regex(`${flags}.*${quoted(part)}.*`)
  return safeRegex(message, 'safe_regex')
}

function safeRegex(message: ProtoMessage, field: string): StringTest | undefined {
  const inner = message.message(field)
  if (inner === undefined) return undefined
  inner.raw('google_re2')
  const value = inner.text('regex') ?? ''
  inner.finish()
  return regex(value)
}

/** A HeaderMatcher. */
export function readHeaderTest(message: ProtoMessage): HeaderTest {
  const name = (message.text('name') ?? '').toLowerCase()
  if (name === '') message.reject('name', 'is required')
  const inverted = message.flag('invert_match')
  const present = message.boolean('present_match')
  const test = headerTest(message)
  message.finish()
  return { name, invert: present === false ? !inverted : inverted, test: test ?? ANYTHING }
}

/** The older patterns that a HeaderMatcher may have beside string_match; none: presence. */
function headerTest(message: ProtoMessage): StringTest | undefined {
  const text = message.message('string_match')
  if (text !== undefined) return readStringTest(text)
  const exact = message.text('exact_match')
  if (exact !== undefined) return { kind: 'exact', value: exact }
  const prefix = message.text('prefix_match')
  if (prefix !== undefined) return { kind: 'prefix', value: prefix }
  const suffix = message.text('suffix_match')
  if (suffix !== undefined) return regex(`(?s).*${quoted(suffix)}`)
  const part = message.text('contains_match')
  if (part !== undefined) return regex(`(?s).*${quoted(part)}.*`)
  return safeRegex(message, 'safe_regex_match')
}

function regex(value: string): StringTest {
  return { kind: 'regex', value }
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
