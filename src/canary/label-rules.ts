// What the operator says of labels for all Canaries (flagger.md 1.14): by which the pods of target and primary are told apart, and which
// come along to what is made from the target.

/** `selectors`: keys, the first that the target's selector has is taken. `prefixes`: of keys that are copied; `*` is every key. */
export interface LabelRules {
  readonly selectors: readonly string[]
  readonly prefixes: readonly string[]
}

/** Flagger's own. */
export const DEFAULT_LABELS: LabelRules = { selectors: ['app', 'name', 'app.kubernetes.io/name'], prefixes: [] }

/** The labels that come along. */
export function chosenLabels(labels: Readonly<Record<string, string>> = {}, { prefixes }: LabelRules): Readonly<Record<string, string>> {
  const isChosen = (key: string): boolean => prefixes.some((prefix) => prefix === '*' || (prefix !== '' && key.startsWith(prefix)))
  return Object.fromEntries(Object.entries(labels).filter(([key]) => isChosen(key)))
}
