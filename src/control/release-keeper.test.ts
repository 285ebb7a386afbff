import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { Release } from '../api/serin-kinds.ts'
import { ApiError } from '../kube/kube-client.ts'
import { RESOURCES } from '../objects/write.ts'

const CANARY = canaryOf({ stepWeight: 40, maxWeight: 80, threshold: 2, webhooks: ['confirm-promotion', 'rollback'].map(hookOf) })

function begin(): World {
  const world = worldOf(deploymentOf('api:1'), CANARY)
  world.answers['rollback'] = { kind: 'answered', status: 403, body: '' }
  world.start()
  return world
}

/** All there are, by the versions of their images. */
function releases(world: World): readonly Release[] {
  const items = world.all(RESOURCES.releases) as readonly Release[] // written by Serin alone
  const version = ({ spec }: Release): number => Number(spec.images?.[0]?.slice('api:'.length))
  return items.toSorted((a, b) => version(a) - version(b))
}

async function release(world: World, image: string, phase: string): Promise<void> {
  world.release(image)
  await world.clock.advance(1000)
  expect(await world.until(() => world.isIn(phase), 300)).toBe(true)
  await world.clock.advance(1000)
}

test('a good, a bad and a withdrawn revision have their histories', async () => {
  const world = begin()
  expect(await world.until(() => world.isIn('Initialized'), 20)).toBe(true)
  await release(world, 'api:2', 'Succeeded')
  world.success = { kind: 'value', value: 80 }
  await release(world, 'api:3', 'Failed')
  world.success = { kind: 'no-data' }
  await release(world, 'api:4', 'Progressing')
  await world.clock.advance(60_000)
  await release(world, 'api:2', 'Initialized')
  const [first, good, bad, withdrawn, ...others] = releases(world)
  expect(others).toEqual([])
  expect(first).toMatchObject({ spec: { images: ['api:1'] }, status: { outcome: 'succeeded', steps: [{ phase: 'Initialized' }] } })
  expect(good).toMatchObject({
    metadata: { name: expect.stringMatching(/^api-[0-9a-f]{10}$/), ownerReferences: [{ kind: 'Canary', name: 'api' }] },
    spec: { canary: 'api', target: 'Deployment/api', images: ['api:2'], strategy: 'weighted', stages: ['40 %', '80 %'] },
    status: {
      outcome: 'succeeded',
      phase: 'Succeeded',
      attempts: 1,
      endedAt: expect.any(String),
      steps: [
        { phase: 'Progressing' },
        { phase: 'Progressing', weight: 40 },
        { phase: 'Progressing', weight: 80 },
        { phase: 'Promoting', weight: 80 },
        { phase: 'Finalising' },
        { phase: 'Succeeded' }
      ]
    }
  })
  expect(good?.status.checks?.map(({ check, outcome, count }) => `${check} ${outcome} ${count ?? 1}`)).toEqual([
    'rollback rollback pass 3',
    'request-success-rate pass 2',
    'confirm-promotion confirm-promotion pass 1'
  ])
  expect(good?.status.writes?.map(({ verb, object }) => `${verb} ${object}`)).toContain('patch virtualservices/api')
  expect(bad?.status).toMatchObject({ outcome: 'failed', because: 'success rate 80.00% < 99%' })
  expect(bad?.status.checks).toContainEqual(
    expect.objectContaining({ check: 'request-success-rate', outcome: 'fail', because: 'success rate 80.00% < 99%', count: 2 })
  )
  expect(withdrawn?.status).toMatchObject({ outcome: 'withdrawn', phase: 'Initialized' })
  expect(withdrawn?.spec.images).toEqual(['api:4'])
  await world.stop()
})

test('a revision that comes again goes on in its Release; the latest ten are kept', async () => {
  const world = begin()
  expect(await world.until(() => world.isIn('Initialized'), 20)).toBe(true)
  for (let version = 2; version < 14; version++) await release(world, `api:${version}`, 'Succeeded')
  expect(releases(world).map(({ spec }) => spec.images?.[0])).toEqual(Array.from({ length: 10 }, (_, at) => `api:${at + 4}`))
  await release(world, 'api:12', 'Succeeded')
  const again = releases(world).find(({ spec }) => spec.images?.[0] === 'api:12')
  expect(again?.status).toMatchObject({ attempts: 2, outcome: 'succeeded' })
  expect(releases(world)).toHaveLength(10)
  await world.stop()
})

test.each<readonly [number, string, number]>([
  [403, 'Forbidden', 1],
  [404, 'NotFound', 0]
])('a history that cannot be written (%i %s) stops nothing', async (status, reason, told) => {
  const world = begin()
  world.refuse = ({ target }) => (target.resource.resource === 'releases' ? new ApiError(status, reason, 'no') : undefined)
  expect(await world.until(() => world.isIn('Initialized'), 20)).toBe(true)
  await release(world, 'api:2', 'Succeeded')
  expect(new Set(world.log.filter((line) => /^release test\/api-[0-9a-f]{10}: no$/.test(line))).size > 0).toBe(told > 0)
  await world.stop()
})

test('an end that was not written down is, after a restart', async () => {
  const world = begin()
  expect(await world.until(() => world.isIn('Initialized'), 20)).toBe(true)
  world.watchWrites = ({ object }) => {
    const { status } = object as { readonly status?: { readonly phase?: string } }
    if (object.kind === 'Canary' && status?.phase === 'Succeeded') world.writesLeft = 0
  }
  world.release('api:2')
  expect(await world.until(() => world.crashed, 300)).toBe(true)
  await world.stop()
  expect(releases(world).at(-1)?.status.outcome).toBe('running')
  world.watchWrites = () => undefined
  world.start()
  await world.clock.advance(2000)
  expect(releases(world).at(-1)?.status).toMatchObject({ outcome: 'succeeded', phase: 'Succeeded' })
  await world.stop()
})

test('what another wrote into a Release meanwhile is read again: nothing is lost', async () => {
  const world = begin()
  let conflicts = 2
  world.between = (client) => ({
    get: (...all) => client.get(...all),
    list: (...all) => client.list(...all),
    watch: (...all) => client.watch(...all),
    create: (...all) => client.create(...all),
    patch: (...all) => client.patch(...all),
    delete: (...all) => client.delete(...all),
    update: (resource, object, options) => {
      if (resource.resource === RESOURCES.releases.resource && conflicts-- > 0) {
        return Promise.reject(new ApiError(409, 'Conflict', 'the object has been modified'))
      }
      return client.update(resource, object, options)
    }
  })
  await world.stop()
  world.start()
  expect(await world.until(() => world.isIn('Initialized'), 20)).toBe(true)
  await release(world, 'api:2', 'Succeeded')
  expect(conflicts).toBeLessThanOrEqual(0)
  expect(
    releases(world)
      .at(-1)
      ?.status.steps?.map(({ weight = 0 }) => weight)
  ).toEqual([0, 40, 80, 80, 0, 0])
  expect(world.log.filter((line) => line.startsWith('release '))).toEqual([])
  await world.stop()
})
