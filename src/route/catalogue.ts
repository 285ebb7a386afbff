// Every problem that compiling and linting can name beside those of Istio's admission check (api/istio-validate.ts): its code, its severity
// and its sentence, in one place. Codes are stable; where istioctl has the same finding its code stands beside ours.

import type { ObjectMeta } from '../api/object.ts'
import type { Problem } from '../std/problem.ts'
import { namespaceOf } from './mesh-config.ts'

/** The object a problem is in. */
export interface ProblemObject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** A problem with its object; `istio` is istioctl's code for the same finding, where there is one. */
export interface ObjectProblem extends Problem {
  readonly object: ProblemObject
  readonly istio: string | undefined
}

interface Message {
  readonly severity: 'error' | 'warning'
  readonly istio?: string
  readonly text: string
}

/** Sentences by code; `{0}`, `{1}`, ... are the arguments. */
export const CATALOGUE = {
  'not-applied-yet': { severity: 'warning', text: '{0} is accepted but not applied yet' },
  'claims-unknown': {
    severity: 'error',
    istio: 'IST0149',
    text: '{0} is never known: no RequestAuthentication makes the gateway look at tokens'
  },
  'selects-no-proxy': {
    severity: 'warning',
    istio: 'IST0127',
    text: 'no proxy has the labels {0} in {1}: it does nothing'
  },
  'canary-refused': { severity: 'error', text: '{0}; the Canary is not acted on' },
  'reference-not-found': { severity: 'warning', text: '{0}' },
  'read-otherwise': { severity: 'warning', text: '{0}' },
  'weak-check': { severity: 'warning', text: '{0}' },
  'no-effect-here': { severity: 'warning', text: 'stored but without effect on local processes: {0}' },
  'unknown-command': {
    severity: 'error',
    text: 'header value "{0}": {1}; Envoy would refuse all routes, so the rules that were in force before stay in force'
  },
  'breaks-head': {
    severity: 'error',
    text: '{0} has a line break or a zero byte; Envoy would refuse all routes, so the rules that were in force before stay in force'
  },
  'bad-redirect-code': {
    severity: 'error',
    text: 'redirect code {0} is not one of 301, 302, 303, 307, 308: the route would have no action'
  },
  'weights-too-large': {
    severity: 'error',
    text: 'the weights sum to {0}, more than 4294967295; Envoy would refuse all routes, so the rules that were in force before stay in force'
  },
  'claim-without-value': {
    severity: 'error',
    text: 'the claim "{0}" is asked for without a value; Envoy would refuse all routes, so the rules that were in force before stay in force'
  },
  'weights-not-100': { severity: 'warning', text: 'the weights sum to {0}, not 100; the true shares are {1}' },
  'weight-alone': { severity: 'warning', text: 'a single destination gets all requests: weight {0} has no effect' },
  'weights-reversed': {
    severity: 'warning',
    text: 'the newer version gets the larger share: {0}; if {1} is not yet proven, the weights are probably swapped'
  },
  'subset-not-found': {
    severity: 'error',
    istio: 'IST0101',
    text: 'subset "{0}" of {1} is in no DestinationRule that applies; {2}; {3}'
  },
  'subset-no-pods': {
    severity: 'error',
    istio: 'IST0173',
    text: 'subset "{0}" of {1} selects no pod: no endpoint has the labels {2}; {3}'
  },
  'subset-not-ready': { severity: 'warning', text: 'subset "{0}" of {1} has no ready pod now ({2}); {3}' },
  'rule-unreachable': { severity: 'warning', istio: 'IST0130', text: 'never reached: {0}' },
  'match-unreachable': { severity: 'warning', istio: 'IST0131', text: 'never matches: {0}' },
  'gateway-not-found': {
    severity: 'error',
    istio: 'IST0101',
    text: 'gateway "{0}" does not exist; the rules reach no proxy through it; {1}'
  },
  'gateway-host-mismatch': { severity: 'warning', istio: 'IST0132', text: 'none of the hosts {0} is among the hosts of gateway {1} ({2})' },
  'delegate-not-found': { severity: 'error', istio: 'IST0101', text: 'delegate {0} {1}: the rule does nothing' },
  'delegate-unused': {
    severity: 'warning',
    text: 'a VirtualService without hosts is a delegate, and no rule delegates to it: it does nothing'
  },
  'host-not-found': {
    severity: 'error',
    istio: 'IST0101',
    text: 'host "{0}" is no Service and no ServiceEntry{1}; {2}'
  },
  'never-injected': { severity: 'warning', text: '{0} without a percentage above 0 never happens: write percentage.value' },
  'fault-for-all': { severity: 'warning', text: 'every request of these hosts gets the fault: add a match, such as a header of the tests' },
  'fault-not-retried': { severity: 'warning', text: '{0} of this rule does not act on its injected fault: it comes before any try' },
  'mirror-writes': {
    severity: 'warning',
    text: 'requests that write are copied and carried out twice: match the methods GET, HEAD and OPTIONS, or mirror to what may be written'
  },
  'no-effect-beside': { severity: 'warning', text: '{0} has no effect beside {1}' },
  'ejection-impossible': {
    severity: 'warning',
    text: 'nobody is ever ejected: {0} percent of {1} is less than one; for one to go maxEjectionPercent must be {2} or more'
  },
  'split-not-sticky': {
    severity: 'warning',
    text: 'the consistent hash of {0} only chooses the endpoint: which destination a request goes to is drawn anew each time; match a cookie before the weights to keep callers where they are'
  },
  'cors-no-origin': { severity: 'warning', text: 'no origin is allowed: the policy has no effect' },
  'host-unknown-rule': {
    severity: 'warning',
    istio: 'IST0174',
    text: 'host "{0}" is no Service and no ServiceEntry{1}: the rule has no effect'
  },
  'port-not-found': { severity: 'error', istio: 'IST0101', text: 'host {0} has no port {1}; it has {2}' },
  'port-required': { severity: 'error', istio: 'IST0112', text: 'host {0} has several ports ({1}): name one in destination.port' },
  'gateway-internal': {
    severity: 'warning',
    istio: 'IST0165',
    text: 'gateway "{0}" is one that Istio makes for a Gateway of the Gateway API: its name may change at any time'
  },
  'gateway-conflict': {
    severity: 'error',
    istio: 'IST0145',
    text: 'port {0} with hosts {1} is also in Gateway {2} for the same proxies: which of them answers is not said'
  },
  'certificate-shared': {
    severity: 'warning',
    istio: 'IST0138',
    text: 'the certificate is also that of Gateway {0}: clients may send requests for one host on a connection of the other, which get 404'
  },
  'tls-unverified': {
    severity: 'warning',
    istio: 'IST0128',
    text: 'mode {0} without caCertificates: the certificate of {1} is not verified'
  },
  'tls-port-unverified': {
    severity: 'warning',
    istio: 'IST0129',
    text: 'mode {0} without caCertificates at port {1}: the certificate of {2} is not verified'
  },
  'envoy-relative': {
    severity: 'warning',
    istio: 'IST0151',
    text: '{0} without a priority: what is patched depends on the order of EnvoyFilters'
  },
  'envoy-relative-versioned': {
    severity: 'warning',
    istio: 'IST0155',
    text: '{0} without a priority, beside a patch of the same filter for one version of the proxy: it is applied to that version only by chance'
  },
  'envoy-replace-ignored': {
    severity: 'error',
    istio: 'IST0152',
    text: '{0} has no effect on {1}: only on HTTP_FILTER, NETWORK_FILTER and VIRTUAL_HOST'
  },
  'envoy-add-ignored': { severity: 'error', istio: 'IST0153', text: '{0} has no effect on {1}' },
  'envoy-remove-ignored': { severity: 'error', istio: 'IST0154', text: '{0} has no effect on {1}' },
  'sidecars-overlap': {
    severity: 'error',
    istio: 'IST0110',
    text: 'the Sidecar {0} selects some of the same pods: which of them counts there is not said'
  },
  'sidecars-whole': {
    severity: 'error',
    istio: 'IST0111',
    text: 'the Sidecar {0} is for the whole namespace too: which of them counts is not said'
  },
  'sidecar-selects-nobody': {
    severity: 'error',
    istio: 'IST0101',
    text: 'no pod has the labels {0} in namespace {1}: it does nothing'
  },
  deprecated: { severity: 'warning', istio: 'IST0002', text: '{0} is deprecated: use {1}' },
  'host-conflict': {
    severity: 'error',
    istio: 'IST0109',
    text: 'host {0} is also in VirtualService {1}; only {2} (the older) is applied in the mesh'
  },
  'bad-log-word': { severity: 'warning', text: '"{0}" says nothing of the access log: on, off, or NAME=on and NAME=off for rules by name' },
  'log-rule-not-found': { severity: 'warning', text: 'no rule is called "{0}": the word on its access log has no effect' },
  'no-catch-all': { severity: 'warning', text: 'requests that match no rule get 404; the last rule still has conditions' },
  'per-try-too-long': {
    severity: 'warning',
    text: '{0} tries of {1} ms do not fit into the timeout of {2} ms: the last tries cannot finish'
  },
  'per-try-not-retried': {
    severity: 'warning',
    text: 'perTryTimeout ends a try but retryOn does not retry it: add reset, gateway-error or 5xx'
  }
} as const satisfies Record<string, Message>

/** A code of the catalogue. */
export type ProblemCode = keyof typeof CATALOGUE

/** An object by kind, namespace and name. */
export function referTo(kind: string, object: { readonly metadata: ObjectMeta }): ProblemObject {
  return { kind, namespace: namespaceOf(object), name: object.metadata.name ?? '' }
}

/** Where in an object a problem is. */
export interface Place {
  readonly object: ProblemObject
  readonly path: string
}

/** A problem of the catalogue with its arguments filled in; `severity` overrides the catalogue's where the case decides. */
export function problem(
  code: ProblemCode,
  place: Place,
  args: readonly (string | number)[] = [],
  severity?: 'error' | 'warning'
): ObjectProblem {
  const entry: Message = CATALOGUE[code]
  const message = entry.text.replaceAll(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)] ?? ''))
  return { code, severity: severity ?? entry.severity, path: place.path, message, object: place.object, istio: entry.istio }
}
