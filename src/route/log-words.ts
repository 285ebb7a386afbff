// What a VirtualService says of the access log: the annotation `serin.dev/access-log`, on and off for all of its routes or by name.

/** `on` and `off` for named rules, and for the others. */
export interface LogWords {
  readonly all: 'on' | 'off' | undefined
  readonly named: ReadonlyMap<string, 'on' | 'off'>
}

/** The annotation: `off`, or words such as `health=off, checkout=on`; the names are those of `spec.http`. */
export const LOG_ANNOTATION = 'serin.dev/access-log'

/** The words of an annotation, and those that are none. */
export function readLogWords(text: string | undefined): LogWords & { readonly wrong: readonly string[] } {
  const named = new Map<string, 'on' | 'off'>()
  const wrong: string[] = []
  let all: 'on' | 'off' | undefined
  for (const word of (text ?? '').split(',').map((each) => each.trim())) {
    const [, name, value] = /^(?:(.+)=)?(on|off)$/.exec(word) ?? []
    if (value !== 'on' && value !== 'off') {
      if (word !== '') wrong.push(word)
    } else if (name === undefined) all = value
    else named.set(name.trim(), value)
  }
  return { all, named, wrong }
}

/** What holds for a rule; undefined: what holds for all requests. */
export function logWordOf({ all, named }: LogWords, rule: string | undefined): 'on' | 'off' | undefined {
  return (rule === undefined ? undefined : named.get(rule)) ?? all
}
