// The cells of a Pod: what STATUS says is folded from phase, reason, conditions and every container's state.

import { dig } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import { age } from './human-duration.ts'

const NONE = '<none>'

/** NAME READY STATUS RESTARTS AGE IP NODE NOMINATED-NODE READINESS-GATES. */
export function podCells(pod: KubeObject, now: Millis): unknown[] {
  const statuses = list(dig(pod, 'status', 'containerStatuses'))
  const ready = statuses.filter((status) => dig(status, 'ready') === true && dig(status, 'state', 'running') !== undefined).length
  const containers = list(dig(pod, 'spec', 'containers')).length
  return [
    pod.metadata.name,
    `${ready}/${containers}`,
    statusWord(pod, statuses),
    restarts(statuses, now),
    age(pod.metadata.creationTimestamp, now),
    word(pod, 'status', 'podIP') || word(list(dig(pod, 'status', 'podIPs'))[0], 'ip') || NONE,
    word(pod, 'spec', 'nodeName') || NONE,
    word(pod, 'status', 'nominatedNodeName') || NONE,
    readinessGates(pod)
  ]
}

function statusWord(pod: KubeObject, statuses: readonly unknown[]): string {
  const phase = word(pod, 'status', 'reason') || word(pod, 'status', 'phase')
  const deleting = pod.metadata.deletionTimestamp !== undefined
  if (deleting && word(pod, 'status', 'reason') === 'NodeLost') return 'Unknown'
  if (deleting) return 'Terminating'
  const starting = initWord(pod)
  return starting ?? containersWord(pod, statuses, phase)
}

// The first init container that has not ended well decides; undefined once all have.
function initWord(pod: KubeObject): string | undefined {
  const statuses = list(dig(pod, 'status', 'initContainerStatuses'))
  const total = list(dig(pod, 'spec', 'initContainers')).length
  for (const [index, status] of statuses.entries()) {
    const ended = dig(status, 'state', 'terminated')
    if (ended !== undefined && dig(ended, 'exitCode') === 0) continue
    if (ended !== undefined) return `Init:${endedWord(ended)}`
    const waiting = word(status, 'state', 'waiting', 'reason')
    if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`
    return `Init:${index}/${total}`
  }
  return undefined
}

function containersWord(pod: KubeObject, statuses: readonly unknown[], phase: string): string {
  let said = phase
  let running = false
  // Backwards, so that the first container has the last word.
  for (const status of statuses.toReversed()) {
    const waiting = word(status, 'state', 'waiting', 'reason')
    const ended = dig(status, 'state', 'terminated')
    if (waiting !== '') said = waiting
    else if (ended !== undefined) said = endedWord(ended)
    else if (dig(status, 'ready') === true && dig(status, 'state', 'running') !== undefined) running = true
  }
  if (said !== 'Completed' || !running) return said
  const isReady = list(dig(pod, 'status', 'conditions')).some((one) => word(one, 'type') === 'Ready' && word(one, 'status') === 'True')
  return isReady ? 'Running' : 'NotReady'
}

function endedWord(ended: unknown): string {
  const reason = word(ended, 'reason')
  if (reason !== '') return reason
  const signal = dig(ended, 'signal')
  const code = dig(ended, 'exitCode')
  return typeof signal === 'number' && signal !== 0 ? `Signal:${signal}` : `ExitCode:${typeof code === 'number' ? code : 0}`
}

function restarts(statuses: readonly unknown[], now: Millis): string {
  const total = statuses.reduce<number>((sum, status) => {
    const times = dig(status, 'restartCount')
    return sum + (typeof times === 'number' ? times : 0)
  }, 0)
  const ends = statuses.map((status) => word(status, 'lastState', 'terminated', 'finishedAt')).filter((at) => at !== '')
  const last = ends.sort().at(-1)
  return total > 0 && last !== undefined ? `${total} (${age(last, now)} ago)` : String(total)
}

function readinessGates(pod: KubeObject): string {
  const gates = list(dig(pod, 'spec', 'readinessGates')).map((gate) => word(gate, 'conditionType'))
  if (gates.length === 0) return NONE
  const conditions = list(dig(pod, 'status', 'conditions'))
  const met = gates.filter((gate) => conditions.some((one) => word(one, 'type') === gate && word(one, 'status') === 'True'))
  return `${met.length}/${gates.length}`
}

function word(object: unknown, ...path: readonly string[]): string {
  const value = dig(object, ...path)
  return typeof value === 'string' ? value : ''
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
