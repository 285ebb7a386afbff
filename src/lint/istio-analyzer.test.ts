// The cases of istioctl's own analyzers (../shared/data/analyzer) through `serin lint`: the same codes at the same objects, repeats counted. Cases
// of analyzers that are not about traffic are named with the reason.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { dataPath } from '../../test/data.ts'
import { readCases } from '../../test/lint-cases.ts'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { ISTIO_KINDS } from '../api/istio-kinds.ts'
import { isObject } from '../std/json.ts'
import { lintManifests } from './lint-manifests.ts'

interface Expected {
  readonly code: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

interface AnalyzerCase {
  readonly id: string
  readonly analyzer: string
  readonly inputs: readonly string[]
  readonly meshConfig?: string
  readonly expected: readonly Expected[]
}

// the shape is given in the README of the data
const cases = readCases('analyzer/cases.json') as readonly AnalyzerCase[]
const codes = (JSON.parse(readFileSync(dataPath('analyzer/cases.json'), 'utf8')) as { analyzers: Record<string, readonly string[]> })
  .analyzers

/** Of IST0101, which several analyzers say, what each of them says. */
const OWN_CODES: Readonly<Record<string, readonly string[]>> = {
  'virtualservice.DestinationHostAnalyzer': ['host-not-found', 'port-not-found', 'port-required'],
  'virtualservice.DestinationRuleAnalyzer': ['subset-not-found'],
  'sidecar.SelectorAnalyzer': ['sidecar-selects-nobody', 'sidecars-overlap', 'sidecars-whole'],
  'virtualservice.GatewayAnalyzer': ['gateway-not-found', 'gateway-host-mismatch', 'gateway-internal']
}

/** An input whose pods have a container, as the API asks for: Istio's analyzers do not look at it, and the inputs leave it out. */
function readInput(name: string): string {
  const documents = parseAllDocuments(readFileSync(dataPath(join('analyzer/inputs', name)), 'utf8'))
  const objects = documents.map((document): unknown => document.toJS())
  const complete = objects.map((object) =>
    isObject(object) && object['kind'] === 'Pod' && object['spec'] === undefined
      ? { ...object, spec: { containers: [{ name: 'app', image: 'app' }] } }
      : object
  )
  return complete.map((object) => JSON.stringify(object)).join('\n---\n')
}

function found(each: AnalyzerCase): string[] {
  const manifests = each.inputs.map((name) => ({ file: name, text: readInput(name) }))
  const { findings } = lintManifests([...manifests], [...BUILTIN_KINDS, ...ISTIO_KINDS])
  const own = OWN_CODES[each.analyzer]
  return findings.flatMap(({ istio = '', object, code }) =>
    object !== undefined && (codes[each.analyzer] ?? []).includes(istio) && (own ?? [code]).includes(code)
      ? [`${istio} ${object.kind} ${object.namespace}/${object.name}`]
      : []
  )
}
const wanted = (each: AnalyzerCase): string[] =>
  each.expected.map(({ code, kind, namespace = 'default', name }) => `${code} ${kind} ${namespace}/${name}`)

/** Analyzers that are not about what Serin does with traffic. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'annotations.K8sAnalyzer': 'annotations of injection: there is none',
  'maturity.AlphaAnalyzer': 'annotations of injection: there is none',
  'externalcontrolplane.ExternalControlPlaneAnalyzer': 'no control plane outside',
  'gateway.IngressGatewayPortAnalyzer': "the pods and Services of gateways are Serin's own: every Gateway is served",
  'gateway.SecretAnalyzer': 'TLS of Gateways is not served yet',
  'injection.Analyzer': 'there is no injection: every pod is in the mesh',
  'injection.ImageAnalyzer': 'there is no injection: every pod is in the mesh',
  'injection.ImageAutoAnalyzer': 'there is no injection: every pod is in the mesh',
  'service.PortNameAnalyzer':
    'ports that do not say their protocol are served as HTTP, and those that say another are named (not-applied-yet)',
  'deployment.ServiceAssociationAnalyzer': 'Deployments in several Services are not looked at yet',
  'deployment.ApplicationUIDAnalyzer': 'pods are processes of one user',
  'multicluster.MeshNetworksAnalyzer': 'one network',
  'multicluster.ServiceAnalyzer': 'one cluster',
  'authn.BlockedCIDRsAnalyzer': 'a setting of istiod',
  'authz.AuthorizationPoliciesAnalyzer': 'AuthorizationPolicy is not a kind here yet',
  'webhook.Analyzer': 'no webhooks are called',
  'telemetry.ProviderAnalyzer': 'Telemetry is not a kind here yet',
  'telemetry.SelectorAnalyzer': 'Telemetry is not a kind here yet',
  'telemetry.DefaultSelectorAnalyzer': 'Telemetry is not a kind here yet',
  'telemetry.LightstepAnalyzer': 'Telemetry is not a kind here yet',
  'k8sgateway.SelectorAnalyzer': 'the Gateway API is not served yet',
  'k8sgateway.CRDVersionAnalyzer': 'the Gateway API is not served yet',
  'conditions.ConditionAnalyzer': 'conditions are written by controllers that are not here'
}

interface Difference {
  readonly why: string
  /** What only one of the two says. */
  readonly lacking: readonly string[]
  readonly more: readonly string[]
}

/** Cases that differ on purpose, with all that differs. */
const DELIBERATE: Readonly<Record<string, Difference>> = {
  virtualServiceConflictingMeshGatewayHosts: {
    why: 'a host in two VirtualServices is told at the one that loses it; Istio tells it at both',
    lacking: ['IST0109 VirtualService foo/productpage', 'IST0109 VirtualService foo/ratings', 'IST0109 VirtualService team3/ratings'],
    more: []
  },
  virtualServiceDestinationHosts: {
    why: 'a Service and a VirtualService that the API refuses are not looked at any further, and who needs the Service misses it',
    lacking: [
      'IST0101 VirtualService default/reviews-bogushost',
      'IST0101 VirtualService default/reviews-bogushost',
      'IST0112 VirtualService default/reviews-2port-missing'
    ],
    more: ['IST0101 VirtualService default/reviews-2port-missing', 'IST0101 VirtualService default/reviews-2port-present']
  },
  virtualServiceDestinationRules: {
    why: 'there is no Service behind the subsets, and that is said first',
    lacking: ['IST0101 VirtualService default/reviews-bogussubset', 'IST0101 VirtualService default/reviews-mirror-bogussubset'],
    more: []
  },
  virtualServiceGateways: {
    why: 'of a Gateway that does not exist nothing more is said',
    lacking: ['IST0132 VirtualService default/httpbin-bogus'],
    more: []
  },
  dupmatches: {
    why: 'rules of TCP and TLS are named as not applied; HTTP rules are compared soundly: a whole rule is told once, and a path behind a prefix is found',
    lacking: [
      'IST0130 VirtualService default/duplicate-empty-tcp',
      'IST0130 VirtualService default/duplicate-tcp-match',
      'IST0130 VirtualService none/tls-routing',
      'IST0131 VirtualService default/almost-duplicate-tcp-match',
      'IST0131 VirtualService default/duplicate-match',
      'IST0131 VirtualService default/duplicate-tcp-match',
      'IST0131 VirtualService default/overlapping-in-two-matches',
      'IST0131 VirtualService none/tls-routing',
      'IST0131 VirtualService none/tls-routing-almostmatch'
    ],
    more: ['IST0130 VirtualService default/overlapping-in-two-matches', 'IST0131 VirtualService default/uri-with-prefix-exact']
  },
  'missing Addresses and Protocol in Service Entry with ISTIO_META_DNS_AUTO_ALLOCATE enabled': {
    why: 'there is no setting that gives addresses to ServiceEntries',
    lacking: [],
    more: ['03', '04', '07'].map((number) => `IST0134 ServiceEntry default/service-entry-test-${number}`)
  },
  DestinationRuleSubsetsNotSelectPods: {
    why: 'an empty subset is told where a rule sends requests to it: before its pods are deployed it is no fault',
    lacking: ['IST0173 DestinationRule default/subsets-not-select-pods'],
    more: []
  }
}

test('the cases are there; analyzers left out and differences on purpose are named', ({ task }) => {
  task.meta.unsupported = cases.flatMap(({ id, analyzer }) => (LEFT_OUT[analyzer] === undefined ? [] : [{ id, why: LEFT_OUT[analyzer] }]))
  task.meta.deliberate = Object.entries(DELIBERATE).map(([id, { why }]) => ({ id, why }))
  expect(cases.length).toBeGreaterThan(60)
  for (const analyzer of Object.keys(LEFT_OUT)) expect(Object.keys(codes)).toContain(analyzer)
  for (const id of Object.keys(DELIBERATE)) expect(cases.map((each) => each.id)).toContain(id)
})

const judged = cases.filter(({ analyzer }) => LEFT_OUT[analyzer] === undefined)

test.each(judged.map((each) => [each.id, each] as const))('analyzer case: %s', (id, each) => {
  const { lacking = [], more = [] } = DELIBERATE[id] ?? {}
  expect([...found(each), ...lacking].toSorted()).toEqual([...wanted(each), ...more].toSorted())
})
