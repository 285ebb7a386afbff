import { expect, it } from 'vitest'
import type { MeshPod } from './mesh-config.ts'
import { CallerTally } from './mesh-inputs.ts'

const pod = (name: string, labels: Record<string, string>): MeshPod => ({ metadata: { name, namespace: 'a', labels } })

it('a kind of caller is there while a pod or a namespace makes it', () => {
  const tally = new CallerTally()
  const [one, two] = [pod('one', { app: 'x' }), pod('two', { app: 'x' })]
  tally.setPod('a/one', undefined, one)
  expect(tally.takeSources([])?.map(({ namespace }) => namespace)).toEqual(['', 'a', 'default'])
  tally.setPod('a/two', undefined, two)
  expect(tally.takeSources([])).toBeUndefined()
  expect(tally.takeSources(['app'])?.map(({ labels }) => labels['app'])).toEqual([undefined, 'x', undefined])
  tally.setPod('a/one', one, undefined)
  expect([tally.takeSources(['app']), tally.hasLabel('app')]).toEqual([undefined, true])
  tally.setPod('a/two', two, undefined)
  tally.setNamespace(undefined, 'b')
  expect(tally.takeSources(['app'])?.map(({ namespace }) => namespace)).toEqual(['', 'b', 'default'])
  expect([tally.hasLabel('app'), [...tally.pods()]]).toEqual([false, []])
})
