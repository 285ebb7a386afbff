import { expect, test } from 'vitest'
import { xmlText } from './xml.ts'

test('what XML reads as its own is escaped, and what it cannot hold is a blank', () => {
  expect(xmlText('<a b="c">&amp;\u0000\u0007\u007F\uFFFE</a>')).toBe('&lt;a b=&quot;c&quot;&gt;&amp;amp;    &lt;/a&gt;')
  expect(xmlText('10 % of v2, caf\u00E9')).toBe('10 % of v2, caf\u00E9')
})
