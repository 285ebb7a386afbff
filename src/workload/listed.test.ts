import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '../api/builtin-types.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { formatInstant } from '../std/instant.ts'
import { isListed, LISTED_WITHIN } from './listed.ts'

const NOW = 1_000_000_000_000

interface Facts {
  readonly readyFor?: number
  readonly labels?: Record<string, string>
  readonly podIP?: string
}

const pod = ({ readyFor = 0, labels = { app: 'web' }, podIP = '127.42.0.1' }: Facts = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'test', uid: 'p', labels },
  spec: { containers: [{ name: 'web' }] },
  status: { podIP, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatInstant(NOW - readyFor) }] }
})

const service = (name: string, spec: Partial<Service['spec']> = {}, metadata: Partial<Service['metadata']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'test', creationTimestamp: formatInstant(NOW - 60_000), ...metadata },
  spec: { selector: { app: 'web' }, ...spec }
})

const slice = (of: string, ready: boolean, uid = 'p'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${of}-${uid}`, namespace: 'test', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['127.42.0.1'], conditions: { ready }, targetRef: { kind: 'Pod', name: 'web-1', uid } }]
})

const listed = (facts: Facts, services: readonly Service[], slices: readonly EndpointSlice[] = []): boolean =>
  isListed(pod(facts), { services, slices }, NOW)

describe('a pod that has just become ready', () => {
  it.each<[string, boolean, readonly Service[], readonly EndpointSlice[]]>([
    ['no Service', true, [], []],
    ['a Service that has not looked yet', false, [service('web')], []],
    ['a slice from before it was ready', false, [service('web')], [slice('web', false)]],
    ['a slice that says it is ready', true, [service('web')], [slice('web', true)]],
    ['a slice with another pod at its address', false, [service('web')], [slice('web', true, 'before')]],
    ['one of two Services', false, [service('web'), service('web-canary')], [slice('web', true)]],
    ['both', true, [service('web'), service('web-canary')], [slice('web', true), slice('web-canary', true)]],
    ['a Service for other pods', true, [service('other', { selector: { app: 'other' } })], []],
    ['a Service of another namespace', true, [service('web', {}, { namespace: 'elsewhere' })], []],
    ['a Service without a selector', true, [service('web', { selector: {} })], []],
    ['a name outside', true, [service('web', { type: 'ExternalName' })], []],
    ['a Service that is being deleted', true, [service('web', {}, { deletionTimestamp: formatInstant(NOW) })], []]
  ])('with %s: %s', (_, expected, services, slices) => {
    expect(listed({}, services, slices)).toBe(expected)
  })

  it('without an address there is nothing to list', () => {
    expect(listed({ podIP: '' }, [service('web')])).toBe(true)
  })
})

it('a Service that came after a pod was ready does not make it unavailable', () => {
  const late = service('web', {}, { creationTimestamp: formatInstant(NOW - 1000) })
  expect(listed({ readyFor: 2000 }, [late])).toBe(true)
  expect(listed({ readyFor: 1000 }, [late])).toBe(false)
})

it('a slice that cannot be written stops a rollout for a bounded time', () => {
  expect(listed({ readyFor: LISTED_WITHIN - 1000 }, [service('web')])).toBe(false)
  expect(listed({ readyFor: LISTED_WITHIN }, [service('web')])).toBe(true)
})
