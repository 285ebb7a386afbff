import { expect, test } from 'vitest'
import { CATALOGUE, problem, referTo } from './catalogue.ts'
import type { ProblemCode } from './catalogue.ts'

const PLACE = { object: referTo('VirtualService', { metadata: { name: 'x' } }), path: 'spec' }

test('arguments fill the sentence, severity may be overridden', () => {
  const each = problem('weights-not-100', PLACE, [20, 'v1 50 %'])
  expect(each).toEqual({
    code: 'weights-not-100',
    severity: 'warning',
    path: 'spec',
    message: 'the weights sum to 20, not 100; the true shares are v1 50 %',
    object: { kind: 'VirtualService', namespace: 'default', name: 'x' },
    istio: undefined
  })
  expect(problem('subset-no-pods', PLACE, [], 'warning').severity).toBe('warning')
})

test('codes are kebab-case and sentences begin small and end without a full stop', () => {
  for (const [code, { text }] of Object.entries(CATALOGUE)) {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(text).not.toMatch(/^[A-Z]|\.$/)
    expect(problem(code as ProblemCode, PLACE, Array(6).fill('v')).message).not.toContain('{')
  }
})
