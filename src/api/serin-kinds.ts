// The kind of serin.dev: what became of each revision of a Canary. It is written by the rollout and read by people.

import { CUSTOM_TEXT } from './custom-text.ts'
import type { KindSpec } from './kind.ts'
import { wholeObject } from './object-schema.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, choice, integer, map, number, object, required, string } from './schema-builder.ts'

const time = string('When.', { format: 'date-time' })

/** What a revision is and how it was to be released. */
export const releaseSpec = object('A revision, and how it was to be released.', {
  canary: required(string('Name of the Canary.')),
  target: required(string('Kind and name of the workload.')),
  revision: required(string('Hash of its pod template.')),
  images: array('Images of its containers.', string('Image.')),
  strategy: string('How traffic was to move.'),
  stages: array('What was to be gone through.', string('Stage.'))
})
/** spec of a Release. */
export type ReleaseSpec = Infer<typeof releaseSpec>

/** What became of it. Lists keep the latest hundred. */
export const releaseStatus = object('What became of the revision.', {
  outcome: choice('Where it ended; running while it has not.', 'running', 'succeeded', 'failed', 'withdrawn', 'superseded'),
  because: string('Why it ended so.'),
  phase: string('Phase of the Canary, as last seen.'),
  weight: number('Share of the canary in percent, as last seen.'),
  attempts: integer('How often it was begun.'),
  evidence: string('What the gate says of it, as last kept.'),
  asked: map('Options of the gate as they were when the revision began, by which it is judged to its end.', string('As written.')),
  exposure: object('What it cost, as last kept.', {
    requests: required(integer('Requests that the canary served.')),
    failed: required(integer('Of these, the failed ones.')),
    excess: required(integer('Failed ones beyond what stable would have had.')),
    users: integer('Cookies of the canary that were given (session affinity): who keeps none counts again.'),
    errorBudget: number('Percent of the failures that thirty days may have at this traffic.')
  }),
  gate: string('The state of its test, for a controller that starts again.', { maxLength: 16_384 }),
  chart: string('What the gate said in the course of it, for charts: serin status NAME shows it.', { maxLength: 8_192 }),
  startedAt: time,
  endedAt: time,
  steps: array(
    'Stages that were reached.',
    object('A stage.', {
      at: required(time),
      phase: required(string('Phase of the Canary.')),
      weight: number('Share of the canary in percent.'),
      iterations: integer('Iterations begun.'),
      mirrored: choice('Copies were sent to the canary.', 'yes')
    })
  ),
  checks: array(
    'Checks and approvals; one that repeats itself is counted.',
    object('A check.', {
      at: required(time),
      check: required(string('Its name.')),
      outcome: required(choice('What came of it.', 'pass', 'fail', 'waiting', 'unknown')),
      cause: choice('Of an unknown one: not enough data, or nobody who could be asked.', 'no-data', 'down'),
      because: string('Why.'),
      count: integer('How often in a row.')
    })
  ),
  changes: array(
    'Changes of its routes by others.',
    object('A change.', {
      at: required(time),
      by: required(string('Who, as managedFields has it.')),
      whose: required(choice('What kind of writer.', 'ours', 'git', 'human', 'controller')),
      object: required(string('What was changed.')),
      fields: required(string('The fields, with what they were and what they became.')),
      count: integer('How often in a row.')
    })
  ),
  requests: array(
    'What people and pipelines asked.',
    object('A request.', {
      at: required(time),
      request: required(choice('What.', 'abort', 'pause', 'restart', 'retry', 'promote')),
      outcome: required(choice('What came of it; refused while paused.', 'done', 'nothing to do', 'refused', 'expired')),
      by: string('Who, as he says himself (annotation serin.dev/asked-by).'),
      until: string('Until when it holds.', { format: 'date-time' })
    })
  ),
  writes: array(
    'Objects that were written.',
    object('A write.', { at: required(time), verb: required(string('create or patch.')), object: required(string('resource/name.')) })
  )
})
/** status of a Release. */
export type ReleaseStatus = Infer<typeof releaseStatus>

/** One revision of a Canary. */
export interface Release extends KubeObject {
  readonly kind: 'Release'
  readonly spec: ReleaseSpec
  readonly status: ReleaseStatus
}

/** Release (serin.dev/v1alpha1). Its status is no subresource: nobody writes it beside the rollout, and a whole write is one. */
export const releaseKind: KindSpec = {
  group: 'serin.dev',
  kind: 'Release',
  listKind: 'ReleaseList',
  plural: 'releases',
  singular: 'release',
  shortNames: [],
  categories: [],
  scope: 'Namespaced',
  versions: [
    {
      name: 'v1alpha1',
      served: true,
      storage: true,
      schema: wholeObject({ description: CUSTOM_TEXT.Release, properties: { spec: releaseSpec, status: releaseStatus } }),
      columns: [
        { name: 'Canary', type: 'string', jsonPath: '.spec.canary' },
        { name: 'Outcome', type: 'string', jsonPath: '.status.outcome' },
        { name: 'Weight', type: 'string', jsonPath: '.status.weight' },
        { name: 'Images', type: 'string', jsonPath: '.spec.images' },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        { name: 'Because', type: 'string', jsonPath: '.status.because', priority: 1 },
        { name: 'Attempts', type: 'string', jsonPath: '.status.attempts', priority: 1 }
      ]
    }
  ],
  origin: 'custom',
  status: 'none',
  selectableFields: []
}

/** All kinds of serin.dev. */
export const SERIN_KINDS: readonly KindSpec[] = [releaseKind]
