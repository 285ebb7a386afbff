import { describe, expect, it } from 'vitest'
import { seeded } from '../std/draw.ts'
import { SimulatedService, USUAL } from './service.ts'
import { SimulatedTraffic } from './traffic.ts'

const trafficAt = (rate: number): SimulatedTraffic => new SimulatedTraffic(new SimulatedService({ ...USUAL, rate, errors: 0.5 }, seeded(4)))

describe('simulated traffic', () => {
  it('goes to the canary from the second on in which its weight is in force', () => {
    const traffic = trafficAt(1_000)
    traffic.weigh(50, 0)
    const before = traffic.until(60).canary.requests
    traffic.weigh(0, 62)
    const after = traffic.until(120).canary.requests - before
    expect(before).toBeGreaterThan(29_000)
    expect(after).toBeGreaterThan(900)
    expect(after).toBeLessThan(1_100)
  })

  it('is told of the latest seconds by themselves', () => {
    const traffic = trafficAt(1_000)
    traffic.weigh(10, 0)
    for (let at = 5; at <= 60; at += 5) traffic.until(at)
    const all = traffic.until(60).canary
    const latest = traffic.canaryOver(10)
    expect(latest.requests).toBeGreaterThan(900)
    expect(latest.requests).toBeLessThan(1_100)
    expect(Math.abs(latest.failures / latest.requests - 0.5)).toBeLessThan(0.1)
    expect(traffic.canaryOver(600)).toEqual(all)
  })

  it('has nothing at the canary before it has a weight', () => {
    const traffic = trafficAt(1_000)
    expect(traffic.until(30).canary.requests).toBe(0)
    expect(traffic.until(30).stable.requests).toBeGreaterThan(29_000)
  })
})
