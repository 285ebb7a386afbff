import { expect, test } from 'vitest'
import { canaryOf, deploymentOf, hookOf } from '../../test/rollout-objects.ts'
import { worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import type { HookOutcome } from '../rollout/judge.ts'
import { VirtualClock } from '../std/clock.ts'
import { EventHooks } from './event-hooks.ts'
import type { HookAttempt } from './hook-caller.ts'

const never = new AbortController().signal
const OK: HookOutcome = { kind: 'answered', status: 200, body: '' }

/** Event webhooks whose calls are answered so. */
function given(webhook: string | undefined, answer: () => Promise<HookOutcome> = () => Promise.resolve(OK)) {
  const [clock, calls, log] = [new VirtualClock(7), [] as HookAttempt[], [] as string[]]
  const hooks = {
    call: (attempt: HookAttempt): Promise<HookOutcome> => {
      calls.push(attempt)
      return answer()
    }
  }
  const events = new EventHooks({ clock, hooks, log: (line) => log.push(line), webhook })
  const tell = (canary: KubeObject, message: string): void => events.told({ canary, type: 'Normal', message, phase: 'progressing' }, never)
  return { clock, calls, log, tell }
}

test('the webhook of all hears of Canaries without one of their own, in the order of the Events', async () => {
  const { clock, calls, tell } = given('http://all/')
  for (const message of ['one', 'two', 'three']) tell(canaryOf(), message)
  await clock.advance(1)
  expect(calls.map(({ url, payload }) => `${url} ${payload.metadata?.['eventMessage']}`)).toEqual([
    'http://all/ one',
    'http://all/ two',
    'http://all/ three'
  ])
  expect(calls[0]).toMatchObject({
    timeout: 10_000,
    payload: { name: 'api', namespace: 'test', phase: 'Progressing', metadata: { eventType: 'Normal', timestamp: '7' } }
  })
})

test('a Canary with event webhooks of its own is told to these alone, and without any to nobody', async () => {
  const [all, none] = [given('http://all/'), given(undefined)]
  all.tell(canaryOf({ webhooks: [{ ...hookOf('event'), url: 'http://own/' }] }), 'one')
  none.tell(canaryOf(), 'one')
  await all.clock.advance(1)
  expect(all.calls.map(({ url }) => url)).toEqual(['http://own/'])
  expect(none.calls).toEqual([])
})

test('what is wrong with a webhook is logged once, until it is another thing or right again', async () => {
  let outcome: HookOutcome = { kind: 'unreachable', because: 'connect refused' }
  const { clock, log, tell } = given('http://all/', () => Promise.resolve(outcome))
  const told = async (next: HookOutcome): Promise<void> => {
    outcome = next
    tell(canaryOf(), 'x')
    await clock.advance(1)
  }
  for (const next of [outcome, outcome, { ...OK, status: 500 }, OK, { ...OK, status: 500 }]) await told(next)
  const name = 'event webhook of all Canaries of test/api'
  expect(log).toEqual([`${name}: connect refused`, `${name}: 500`, `${name}: 500`])
})

test('an event webhook that never answers holds up no rollout', async () => {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ webhooks: [{ ...hookOf('event'), url: 'http://hooks/told', retries: 99 }] }))
  world.answers['told'] = { kind: 'unreachable', because: 'no answer' }
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  world.release('api:2')
  expect(await world.until(() => world.isIn('Succeeded'), 60)).toBe(true)
  await world.stop()
})

test('what is queued when the loop ends is still told where that is allowed, until its time is over', async () => {
  const told = async (seconds: number): Promise<{ readonly calls: number; readonly lost: readonly string[] }> => {
    const world = worldOf(deploymentOf('api:1'), canaryOf({ webhooks: [{ ...hookOf('event'), url: 'http://hooks/told' }] }))
    const telling = new AbortController()
    world.telling = telling.signal
    world.start()
    await world.until(() => world.isIn('Initialized'), 10)
    world.slowness['told'] = 900
    world.release('api:2')
    await world.until(() => world.told.some(({ message }) => message.startsWith('Starting')), 10)
    await world.stop()
    const before = world.hooks.length
    world.clock.after(seconds * 1000, () => telling.abort(new Error('over')))
    const over = world.allTold()
    await world.clock.advance(60_000)
    await over
    return { calls: world.hooks.length - before, lost: world.log.filter((line) => line.includes('lost')) }
  }
  const cut = await told(0)
  expect(cut).toEqual({ calls: 0, lost: [expect.stringMatching(/^calls of event webhooks that were not answered are lost: [1-9]\d*$/)] })
  const whole = await told(10)
  expect(whole).toEqual({ calls: expect.any(Number), lost: [] })
  expect(whole.calls).toBeGreaterThan(1)
})
