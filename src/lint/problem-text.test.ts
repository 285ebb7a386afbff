import { expect, test } from 'vitest'
import { problem, referTo } from '../route/catalogue.ts'
import { eventReason, counted, problemLine, warningText } from './problem-text.ts'

const place = { object: referTo('VirtualService', { metadata: { name: 'reviews', namespace: 'shop' } }), path: 'spec.http[0].route' }

test('a problem is one line with its object, place, sentence and codes', () => {
  const uneven = problem('weights-not-100', place, [20, 'v1 50 %, v2 50 %'])
  expect(problemLine(uneven)).toBe(
    'warning: VirtualService shop/reviews: spec.http[0].route: the weights sum to 20, not 100; the true shares are v1 50 %, v2 50 % [weights-not-100]'
  )
  expect(warningText(problem('port-required', place, ['a', '80']))).toBe(
    'spec.http[0].route: host a has several ports (80): name one in destination.port [port-required, IST0112]'
  )
  expect([counted(0, 'error'), counted(1, 'error'), counted(2, 'error')]).toEqual(['0 errors', '1 error', '2 errors'])
  expect(eventReason(uneven)).toBe('WeightsNot100')
})

test('what a file says steers no terminal, and is told in one line', () => {
  const evil = problem('canary-refused', { ...place, path: 'spec[\u001B[2J]' }, ['a\u001B]0;x\u0007\r\n\u202Eb'])
  expect(warningText(evil)).toBe('spec[\\x1b[2J]: a\\x1b]0;x\\x07 \\u202eb; the Canary is not acted on [canary-refused]')
})
