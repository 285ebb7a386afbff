// What of a WorkloadEntry and of a Sidecar is accepted and not acted on.

import type { Sidecar } from '../api/istio-sidecar.ts'
import type { WorkloadEntry } from '../api/istio-workload-entry.ts'
import { ACTED_ON } from './acted-on.ts'
import { problem, referTo } from './catalogue.ts'
import type { ObjectProblem } from './catalogue.ts'
import { unappliedIn } from './check-rules.ts'

/** What of a WorkloadEntry is not acted on. */
export function checkWorkloadEntry(entry: WorkloadEntry): ObjectProblem[] {
  const object = referTo('WorkloadEntry', entry)
  const socket = entry.spec.address?.startsWith('unix:') === true
  return [
    ...(socket ? [problem('not-applied-yet', { object, path: 'spec.address' }, ['a Unix socket'])] : []),
    ...unappliedIn(object, ACTED_ON.WorkloadEntry, entry.spec)
  ]
}

/** What of a Sidecar is not acted on: listeners for calls that come in, and where it listens for those that go out. */
export function checkSidecar(sidecar: Sidecar): ObjectProblem[] {
  return unappliedIn(referTo('Sidecar', sidecar), ACTED_ON.Sidecar, sidecar.spec)
}
