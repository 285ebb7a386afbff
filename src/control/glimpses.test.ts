import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { RESOURCES } from '../objects/write.ts'
import { configMapOf } from '../../test/rollout-objects.ts'
import { Glimpses } from './glimpses.ts'

const KEY = { ...RESOURCES.configMaps, namespace: 'test', name: 'colours' }
const options = { signal: new AbortController().signal }
const blue = configMapOf('colours', { color: 'blue' })
const green = configMapOf('colours', { color: 'green' })

/** What the API answers next, how often it was asked, and watches that are open or not. */
function given(what: 'whole' | 'named') {
  const api = { answers: [] as (KubeObject | undefined | Promise<KubeObject>)[], asked: 0 }
  const watch = { watching: true, get: (): KubeObject | undefined => blue }
  const get = (): Promise<KubeObject | undefined> => {
    api.asked++
    return Promise.resolve(api.answers.shift())
  }
  const glimpses = new Glimpses({ get })
  glimpses.hold(RESOURCES.configMaps, watch, what)
  const changed = (): void => glimpses.changed(RESOURCES.configMaps, { kind: 'modified', object: green, previous: blue })
  return { glimpses, api, watch, changed }
}

test('an object that a watch holds is not asked for, while the watch is open', async () => {
  const { glimpses, api, watch } = given('whole')
  expect(await glimpses.get(KEY, options)).toBe(blue)
  expect(api.asked).toBe(0)
  watch.watching = false
  api.answers.push(green)
  expect(await glimpses.get(KEY, options)).toBe(green)
})

test('an object that a watch only names is read once, and again when it changed or nobody used it for a while', async () => {
  const { glimpses, api, watch, changed } = given('named')
  api.answers.push(blue, green, blue, green)
  expect([await glimpses.get(KEY, options), await glimpses.get(KEY, options)]).toEqual([blue, blue])
  changed()
  expect([await glimpses.get(KEY, options), await glimpses.get(KEY, options)]).toEqual([green, green])
  glimpses.drop('test/configmaps/colours')
  expect(await glimpses.get(KEY, options)).toBe(blue)
  watch.watching = false
  expect(await glimpses.get(KEY, options)).toBe(green)
  expect(api.asked).toBe(4)
})

test('that there is none is known too', async () => {
  const { glimpses, api } = given('named')
  expect([await glimpses.get(KEY, options), await glimpses.get(KEY, options)]).toEqual([undefined, undefined])
  expect(api.asked).toBe(1)
})

test('what was read before a change and comes after it is not kept, whoever else reads meanwhile', async () => {
  const { glimpses, api, changed } = given('named')
  const late = Promise.withResolvers<KubeObject>()
  const later = Promise.withResolvers<KubeObject>()
  api.answers.push(late.promise, later.promise)
  const first = glimpses.get(KEY, options)
  changed()
  const second = glimpses.get(KEY, options)
  late.resolve(blue)
  expect(await first).toBe(blue)
  later.resolve(green)
  expect([await second, await glimpses.get(KEY, options)]).toEqual([green, green])
  expect(api.asked).toBe(2)
})
