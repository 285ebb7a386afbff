import process from 'node:process'
import { expect, test } from 'vitest'
import { cpuOf, cpuTicks, rssOf } from './proc.ts'

test('user and system time are the fields 14 and 15, whatever the name of the process is', () => {
  const line = '4711 (a) b (c) S 1 4711 4711 0 -1 4194560 100 200 0 0 250 125 9 9 20 0 11 0 12345 1 2 3'
  expect(cpuTicks(line)).toBe(375)
})

test.skipIf(process.platform !== 'linux')('a process that computes uses time and memory', () => {
  const before = cpuOf([process.pid])
  const until = performance.now() + 60
  while (performance.now() < until) Math.sqrt(until)
  expect(cpuOf([process.pid]) - before).toBeGreaterThanOrEqual(10_000)
  expect(rssOf([process.pid])).toBeGreaterThan(10_000)
})
