// Problems as text for people: one line each, the same words in `serin lint`, in kubectl's Warnings and in Events.

import type { ObjectProblem } from '../route/catalogue.ts'
import { printable } from '../std/printable.ts'

// Far above any sentence of ours; what is quoted from a file may be longer.
const LINE_MOST = 4096

/** A line as it may go to a terminal, a header or a log, whatever a file says. */
export function lineText(line: string): string {
  return printable(line, LINE_MOST)
}

/** `warning: VirtualService default/reviews: spec.http[0].route: the weights sum to 20, ... [weights-not-100]`. */
export function problemLine(each: ObjectProblem): string {
  const { kind, namespace, name } = each.object
  return lineText(`${each.severity}: ${kind} ${namespace}/${name}: ${warningText(each)}`)
}

/** What kubectl prints after `Warning: ` for the object it just sent; also the message of an Event. */
export function warningText(each: ObjectProblem): string {
  return placeText(each)
}

/** Place, sentence and codes: `spec.http[0].route: the weights sum to 20 ... [weights-not-100]`. */
export function placeText({ path, message, code, istio }: Pick<ObjectProblem, 'path' | 'message' | 'code' | 'istio'>): string {
  return lineText(`${path === '' ? '' : `${path}: `}${message} [${istio === undefined ? code : `${code}, ${istio}`}]`)
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The reason of an Event: the code as one word, `WeightsNot100`. */
export function eventReason({ code }: ObjectProblem): string {
  return code.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())
}
