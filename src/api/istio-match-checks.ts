// The conditions of HTTP rules, as Istio's admission check judges them (istio.md 7.1).

import { each, eachValue, type IstioFault, refusal } from './istio-fault.ts'
import { checkMatchedHeader } from './istio-header-checks.ts'
import { checkGatewayNames, isDnsLabel } from './istio-host-checks.ts'
import { checkLabels, checkPort, checkRegex, checkStringMatch } from './istio-value-checks.ts'
import type { HttpMatch, StringMatch } from './istio-virtual-service.ts'

/** What is wrong in one set of conditions. */
export function checkHttpMatch(match: HttpMatch, path: string): IstioFault[] {
  return [
    ...eachValue<StringMatch | null>(match.headers, `${path}.headers`, checkHeader),
    ...eachValue(match.queryParams, `${path}.queryParams`, (value, at) => checkStringMatch(value, at, 'queryParams')),
    ...eachValue<StringMatch | null>(match.withoutHeaders, `${path}.withoutHeaders`, checkWithoutHeader),
    // An empty prefix is taken for the path, and there only.
    ...(match.uri?.regex === undefined ? [] : checkRegex(match.uri.regex, `${path}.uri.regex`, 'uri')),
    ...(['scheme', 'method', 'authority'] as const).flatMap((field) => checkStringMatch(match[field], `${path}.${field}`, field)),
    ...checkCaller(match, path)
  ]
}

/** What rules of all protocols ask of the caller: port, labels, gateways. */
export function checkCaller(match: Pick<HttpMatch, 'port' | 'sourceLabels' | 'gateways' | 'sourceNamespace'>, path: string): IstioFault[] {
  const { port = 0, sourceNamespace = '' } = match
  return [
    ...(port === 0 ? [] : checkPort(port, `${path}.port`)),
    ...checkLabels(match.sourceLabels, `${path}.sourceLabels`),
    ...checkGatewayNames(match.gateways, `${path}.gateways`),
    ...(sourceNamespace === '' || isDnsLabel(sourceNamespace)
      ? []
      : [refusal(`${path}.sourceNamespace`, `sourceNamespace value ${sourceNamespace} is not valid`)])
  ]
}

function checkHeader(value: StringMatch | null, path: string, name: string): IstioFault[] {
  if (value === null) return [refusal(path, `header match ${name} cannot be null`)]
  return [...checkName(name, path), ...checkStringMatch(value, path, 'headers')]
}

/** A star alone asks for absence here. */
function checkWithoutHeader(value: StringMatch | null, path: string, name: string): IstioFault[] {
  return [...checkName(name, path), ...(value?.regex === '*' ? [] : checkStringMatch(value, path, 'withoutHeaders'))]
}

function checkName(name: string, path: string): IstioFault[] {
  return isClaim(name) ? [] : checkMatchedHeader(name, path)
}

/** Headers and withoutHeaders that ask for claims of a token. */
export function claimsIn(match: HttpMatch): string[] {
  return [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})].filter(isClaim)
}

/** True for a name such as `@request.auth.claims.group`. */
export function isClaim(name: string): boolean {
  return /^@request\.auth\.claims[.[]/i.test(name)
}

/** Conditions of every rule, with their places. */
export function checkMatches(matches: readonly HttpMatch[] | undefined, path: string): IstioFault[] {
  return each(matches, `${path}.match`, checkHttpMatch)
}
