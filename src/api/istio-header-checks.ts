// Header names and values that rules write, as Istio's admission check judges them (istio.md 7.1).

import { eachValue, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import { valueProblem } from './istio-header-value.ts'
import type { HeaderOperations, HeadersRules } from './istio-common.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const PSEUDO: readonly string[] = [':method', ':scheme', ':authority', ':path', ':status']

/** True for a header name of token characters. */
export function isHeaderName(name: string): boolean {
  return TOKEN.test(name)
}

/** A header name in a match: a token, or one of the names with a colon. */
export function checkMatchedHeader(name: string, path: string): IstioFault[] {
  return PSEUDO.includes(name) ? [] : checkHeaderName(name, path)
}

/** A header name: a token. */
export function checkHeaderName(name: string, path: string): IstioFault[] {
  if (name === '') return [refusal(path, 'header name cannot be empty')]
  return refuseIf(!isHeaderName(name), path, `header name "${name}" is not a valid header name`)
}

/** Header edits: requests may write the host, nothing else may. */
export function checkHeaders(headers: HeadersRules | undefined, path: string): IstioFault[] {
  return [
    ...checkOperations(headers?.request, `${path}.request`, checkWrittenName),
    ...checkOperations(headers?.response, `${path}.response`, checkPlainName)
  ]
}

type NameCheck = (name: string, path: string) => IstioFault[]

function checkOperations(operations: HeaderOperations | undefined, path: string, checkName: NameCheck): IstioFault[] {
  const written = (['set', 'add'] as const).flatMap((kind) =>
    eachValue(operations?.[kind], `${path}.${kind}`, (value, at, name) => [...checkName(name, at), ...checkHeaderValue(value, at)])
  )
  return [...written, ...(operations?.remove ?? []).flatMap((name, index) => checkPlainName(name, `${path}.remove[${index}]`))]
}

function checkWrittenName(name: string, path: string): IstioFault[] {
  const lower = name.toLowerCase()
  return lower === 'host' || lower === ':authority' ? [] : checkPlainName(name, path)
}

function checkPlainName(name: string, path: string): IstioFault[] {
  if (name === '') return [refusal(path, 'header name cannot be empty')]
  if (name.toLowerCase() === 'host') return [refusal(path, `invalid header "${name}": cannot set Host header`)]
  return refuseIf(name.startsWith(':'), path, `invalid header "${name}": header cannot have : prefix`)
}

/** A header value: no control characters but tab, and commands that are closed. */
export function checkHeaderValue(value: string, path: string): IstioFault[] {
  const wrong = valueProblem(value)
  return wrong === undefined
    ? []
    : [refusal(path, `header value configuration: invalid header configuration. ${wrong}`, 'bad-header-value')]
}
