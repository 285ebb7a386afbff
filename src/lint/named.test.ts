import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { namedOf } from './named.ts'

const named = (kind: string, name: string, namespace?: string, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) }
})

test('an object is found by kind, namespace and name; without a namespace it is in default', () => {
  const [one, other, web] = [named('Service', 'web', 'test'), named('Service', 'api'), named('Pod', 'web', 'test')]
  const { find } = namedOf([one, other, web])
  expect([find('Service', 'test', 'web'), find('Pod', 'test', 'web')]).toEqual([one, web])
  expect([find('Service', undefined, 'api'), find('Service', 'default', 'api'), find('Service', '', 'api')]).toEqual([other, other, other])
  expect([find('Service', 'default', 'web'), find('Pod', undefined, 'api'), find('Service', 'test', undefined)]).toEqual([
    undefined,
    undefined,
    undefined
  ])
})

test('of two of the same name in different groups the first is found', () => {
  const [mine, theirs] = [named('Canary', 'api', 'test', 'flagger.app/v1beta1'), named('Canary', 'api', 'test', 'other/v1')]
  expect(namedOf([mine, theirs]).find('Canary', 'test', 'api')).toBe(mine)
})
