import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { compileSelection } from './selection.ts'

const pods = SMALL_KINDS.find((spec) => spec.kind === 'Pod')!
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'demo', labels: { app: 'x' } },
  status: { phase: 'Running' }
}

test.each([
  [{}, true],
  [{ namespace: 'demo' }, true],
  [{ namespace: 'other' }, false],
  [{ fieldSelector: 'metadata.name=a,status.phase!=Failed' }, true],
  [{ fieldSelector: 'metadata.name==b' }, false],
  [{ fieldSelector: 'metadata.namespace!=demo' }, false],
  [{ labelSelector: 'app in (x,y),!other' }, true],
  [{ labelSelector: 'app!=x' }, false]
])('%j selects the pod: %s', (by, selected) => {
  const selection = compileSelection(by, pods, SMALL_RULES)
  expect(typeof selection === 'function' && selection(pod)).toBe(selected)
})

test.each([
  [{ fieldSelector: 'spec.foo=x' }, 'field label not supported: spec.foo'],
  [{ fieldSelector: 'nonsense' }, "invalid selector: 'nonsense'; can't understand 'nonsense'"],
  [{ labelSelector: 'app in web' }, "unable to parse requirement: found 'web' expected: '('"]
])('%j is refused', (by, message) => {
  expect(compileSelection(by, pods, SMALL_RULES)).toMatchObject({ status: { code: 400, message } })
})
