// Where Serin's controller differs from what real Flagger was recorded to do, scenario by scenario: each difference is a repair with a name.

/** What a controller did, as lines. */
export type Streams = Readonly<Record<'writes' | 'told' | 'hooks' | 'queries', readonly string[]>>
/** A repair, and what it changes in a recording. */
export type Edit = readonly [repair: string, stream: keyof Streams, change: (lines: readonly string[]) => readonly string[]]

const instead =
  (from: string | RegExp, to: string) =>
  (lines: readonly string[]): readonly string[] =>
    lines.map((line) => line.replace(from, to))
const before =
  (text: string, added: string) =>
  (lines: readonly string[]): readonly string[] =>
    lines.flatMap((line) => (line.includes(text) ? [added, line] : [line]))
const AT_ONCE = 'the rollback follows in the tick of the last failure'

/** What is written beside what Flagger writes, but for Releases: what a late abort goes back to. */
export const BESIDES = ['Secret podinfo-primary-previous']

// Flagger's condition says the same of every failure, and nothing of the checks before it.
const caused = (failedCheck: string | undefined, cause = failedCheck): readonly Edit[] => [
  ['the condition names the cause of a failure', 'writes', instead(/(scaled to zero\.)$/, `$1 Cause: ${cause ?? ''}`)],
  [
    'the condition names the last failed check',
    'writes',
    instead(
      /(failed=1)$/,
      `$1 cond=Promoted=Unknown/Progressing: New revision detected, progressing canary analysis. Last failed check: ${failedCheck ?? ''}`
    )
  ]
]

/** The repairs of each scenario. */
export const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  success: [],
  ladder: [],
  restart: [],
  abtest: [],
  bluegreen: [],
  mirror: [],
  affinity: [
    ['no primary cookie unless configured', 'writes', instead(' primaryCookie==VALUE', '')],
    [
      'the cookie is matched whole, not as a part of others',
      'writes',
      instead('.*flagger-cookie.*VALUE.*', '(.*; ?)?flagger-cookie=VALUE(;.*)?')
    ]
  ],
  config: [],
  skip: [],
  failure: [
    ...caused('success rate 90.00% < 99%'),
    [AT_ONCE, 'told', before('Rolling back', 'Warning Halt podinfo.failure advancement success rate 90.00% < 99%')]
  ],
  prefail: [
    ...caused('pre-rollout check pre-rollout failed 500'),
    ["a failing webhook's answer is shown", 'told', instead(/ POST .*$/, ' 500')],
    [AT_ONCE, 'told', before('Rolling back', 'Normal Starting canary analysis for podinfo.prefail')],
    [AT_ONCE, 'told', before('Rolling back', 'Warning Halt podinfo.prefail advancement pre-rollout check pre-rollout failed 500')]
  ],
  stuck: [
    ...caused(undefined, 'waiting for rollout to finish: 0 of 2 (readyThreshold 100%) updated replicas are available'),
    [
      'a rollback for the deadline says so',
      'told',
      before('Canary failed!', 'Warning Rolling back podinfo.stuck progress deadline exceeded 25s')
    ]
  ],
  hooks: [
    [
      'status keeps the live weight in WaitingPromotion',
      'writes',
      instead('phase=WaitingPromotion weight=0 iterations=-1', 'phase=WaitingPromotion')
    ],
    ['status keeps the live weight in WaitingPromotion', 'writes', instead('phase=Finalising iterations=0', 'phase=Finalising weight=0')]
  ],
  revert: [
    [
      'the condition says what is done while Terminating',
      'writes',
      instead(
        'Terminating: New Deployment detected, starting initialization.',
        'Terminating: Canary is deleted, giving the Deployment its replicas back.'
      )
    ],
    [
      'one status write per tick, last',
      'writes',
      (lines) => {
        const at = lines.findIndex((line) => line.includes('phase=Terminating'))
        return [...lines.slice(0, at), ...lines.slice(at + 1, at + 2), ...lines.slice(at, at + 1), ...lines.slice(at + 2)]
      }
    ]
  ]
}
