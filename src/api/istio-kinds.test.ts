import { expect, test } from 'vitest'
import { ISTIO_KINDS } from './istio-kinds.ts'

// schema-compare.test.ts compares each kind with its official CRD
test('every kind is served under its preferred version first, one object in all versions', () => {
  expect(ISTIO_KINDS.map((kind) => `${kind.plural} ${kind.versions.map((version) => version.name).join()}`)).toEqual([
    'virtualservices v1,v1beta1,v1alpha3',
    'destinationrules v1,v1beta1,v1alpha3',
    'gateways v1,v1beta1,v1alpha3',
    'serviceentries v1,v1beta1,v1alpha3',
    'workloadentries v1,v1beta1,v1alpha3',
    'workloadgroups v1,v1beta1,v1alpha3',
    'sidecars v1,v1beta1,v1alpha3',
    'envoyfilters v1alpha3',
    'proxyconfigs v1beta1',
    'requestauthentications v1,v1beta1'
  ])
  for (const { versions } of ISTIO_KINDS) expect(new Set(versions.map((version) => version.schema)).size).toBe(1)
})
