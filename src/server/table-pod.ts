// The cells of a Pod: what STATUS says is folded from phase, reason, conditions and every container's state.

import { dig, listAt, textAt } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import { age } from './human-duration.ts'

const NONE = '<none>'

/** NAME READY STATUS RESTARTS AGE IP NODE NOMINATED-NODE READINESS-GATES. */
export function podCells(pod: KubeObject, now: Millis): unknown[] {
  const statuses = listAt(pod, 'status', 'containerStatuses')
  const ready = statuses.filter((status) => dig(status, 'ready') === true && dig(status, 'state', 'running') !== undefined).length
  const containers = listAt(pod, 'spec', 'containers').length
  return [
    pod.metadata.name,
    `${ready}/${containers}`,
    statusWord(pod, statuses),
    restarts(statuses, now),
    age(pod.metadata.creationTimestamp, now),
    textAt(pod, 'status', 'podIP') || textAt(listAt(pod, 'status', 'podIPs')[0], 'ip') || NONE,
    textAt(pod, 'spec', 'nodeName') || NONE,
    textAt(pod, 'status', 'nominatedNodeName') || NONE,
    readinessGates(pod)
  ]
}

function statusWord(pod: KubeObject, statuses: readonly unknown[]): string {
  const phase = textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase')
  const deleting = pod.metadata.deletionTimestamp !== undefined
  if (deleting && textAt(pod, 'status', 'reason') === 'NodeLost') return 'Unknown'
  if (deleting) return 'Terminating'
  const starting = initWord(pod)
  return starting ?? containersWord(pod, statuses, phase)
}

// The first init container that has not ended well decides; undefined once all have.
function initWord(pod: KubeObject): string | undefined {
  const statuses = listAt(pod, 'status', 'initContainerStatuses')
  const total = listAt(pod, 'spec', 'initContainers').length
  for (const [index, status] of statuses.entries()) {
    const ended = dig(status, 'state', 'terminated')
    if (ended !== undefined && dig(ended, 'exitCode') === 0) continue
    if (ended !== undefined) return `Init:${endedWord(ended)}`
    const waiting = textAt(status, 'state', 'waiting', 'reason')
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
    const waiting = textAt(status, 'state', 'waiting', 'reason')
    const ended = dig(status, 'state', 'terminated')
    if (waiting !== '') said = waiting
    else if (ended !== undefined) said = endedWord(ended)
    else if (dig(status, 'ready') === true && dig(status, 'state', 'running') !== undefined) running = true
  }
  if (said !== 'Completed' || !running) return said
  const isReady = listAt(pod, 'status', 'conditions').some((one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True')
  return isReady ? 'Running' : 'NotReady'
}

function endedWord(ended: unknown): string {
  const reason = textAt(ended, 'reason')
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
  const ends = statuses.map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt')).filter((at) => at !== '')
  const last = ends.sort().at(-1)
  return total > 0 && last !== undefined ? `${total} (${age(last, now)} ago)` : String(total)
}

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'))
  if (gates.length === 0) return NONE
  const conditions = listAt(pod, 'status', 'conditions')
  const met = gates.filter((gate) => conditions.some((one) => textAt(one, 'type') === gate && textAt(one, 'status') === 'True'))
  return `${met.length}/${gates.length}`
}
