// Every bound of the data plane is met once: clients are told what docs/limits.md says, the counter and the access log too, and nothing is left.

import { describe, expect, test } from 'vitest'
import { LIMIT_NAMES } from '../../src/proxy/limits.ts'
import type { LimitName } from '../../src/proxy/limits.ts'
import type { ReadMode } from '../../src/proxy/transport.ts'
import { Ground } from '../upset/ground.ts'
import { told } from '../upset/told.ts'
import { DESTINATION_ROWS } from './destination-rows.ts'
import { LOAD_ROWS } from './load-rows.ts'
import { MESSAGE_ROWS } from './message-rows.ts'
import { serveFine } from './row.ts'
import type { Row } from './row.ts'
import { TIME_ROWS } from './time-rows.ts'

const ROWS: Readonly<Record<LimitName, Row>> = { ...MESSAGE_ROWS, ...LOAD_ROWS, ...TIME_ROWS }
const LOG = { encoding: 'text', routes: 'all', format: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%' } as const

test('every bound has a row', () => {
  expect(Object.keys(ROWS).toSorted()).toEqual(LIMIT_NAMES.toSorted())
})

// The lines of called pods are theirs.
function linesOf({ plane }: Ground): string[] {
  return plane.takeLog().flatMap(([pod, line]) => (pod === '' ? [line] : []))
}

describe.each<ReadMode>(['buffer', 'data'])('reading by %s', (readMode) => {
  test.each(Object.entries(ROWS))('%s: what happens, once', async (name, row) => {
    const { limits, play, told: want, lines, left = [], plane, ...others } = row
    const ground = await Ground.open({ readMode, serve: serveFine, ...others, limits, plane: { accessLog: LOG, ...plane } })
    await play(ground)
    expect(ground.plane.recorder.reached()).toEqual({ [name]: 1 })
    expect(ground.clients.map((client) => told(client))).toEqual(want)
    expect(linesOf(ground)).toEqual(lines)
    expect(await ground.leftovers()).toEqual(left)
  })

  test.each(Object.entries(DESTINATION_ROWS))('%s: what happens, once', async (_, row) => {
    const { play, told: want, lines, left = [], plane, counter, ...others } = row
    const ground = await Ground.open({ readMode, serve: serveFine, ...others, plane: { accessLog: LOG, ...plane } })
    await play(ground)
    expect([ground.stat(counter), ground.plane.recorder.reached()]).toEqual([1, {}])
    expect(ground.clients.map((client) => told(client))).toEqual(want)
    expect(linesOf(ground)).toEqual(lines)
    expect(await ground.leftovers()).toEqual(left)
  })
})
