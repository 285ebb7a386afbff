// What a gate says after a look.

/** Why nothing is to be done now. */
export type HoldReason =
  /** The first seconds of a version, or of a larger share of the traffic. */
  | 'warm-up'
  /** The shortest stay at a weight is not over. */
  | 'dwell'
  /** Stable itself fails: nobody can tell whose fault it is. */
  | 'stable-unhealthy'
  /** Evidence against the canary is growing. */
  | 'suspicion'
  /** Not yet enough evidence that the next weight is safe. */
  | 'not-proven'
  /** The same, and the longest stay at a weight is over. */
  | 'unproven'
  /** No counts of one of the versions. */
  | 'no-counts'

/** What a gate says after a look. */
export type Verdict =
  /** The canary is worse than tolerated. `stream` is the name of the one with the most evidence. */
  | { readonly kind: 'rollback'; readonly stream: string }
  /** The next weight is safe; weak: as far as anybody can tell in this time. */
  | { readonly kind: 'advance'; readonly proof: 'strong' | 'weak' }
  | { readonly kind: 'hold'; readonly reason: HoldReason }
  /** Take the traffic off the canary without blaming it. */
  | { readonly kind: 'retreat'; readonly reason: 'shared-outage' | 'blind' }
