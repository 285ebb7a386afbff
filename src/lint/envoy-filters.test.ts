import { expect, test } from 'vitest'
import { gatewayText, manifest, objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { lint } from './lint.ts'

function found(objects: readonly KubeObject[], pods: 'all' | 'some' = 'all'): string[] {
  return lint(objects, pods)
    .filter(({ object, code }) => object.kind === 'EnvoyFilter' && code !== 'istio-warns')
    .map(({ code, path, message }) => `${code} ${path}: ${message}`)
}

const INGRESS = objectsOf(gatewayText())

test('the local rate limit of the guide (manifest 30) is applied where a Gateway selects its labels', () => {
  expect(found([...manifest('30'), ...INGRESS])).toEqual([])
})

test('without such a Gateway no proxy has its labels', () => {
  expect(found(manifest('30'))).toEqual([
    'selects-no-proxy spec.workloadSelector: no proxy has the labels istio=ingress in the mesh: it does nothing'
  ])
  expect(found(manifest('30'), 'some')).toEqual([])
})

test('each patch that is not applied is named by its place', () => {
  const filter = objectsOf(`
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f, namespace: istio-system}
spec:
  configPatches:
  - {applyTo: CLUSTER, patch: {operation: MERGE, value: {connect_timeout: 1s}}}
  - applyTo: HTTP_FILTER
    match: {listener: {filterChain: {filter: {subFilter: {name: envoy.filters.http.router}}}}}
    patch:
      operation: INSERT_BEFORE
      value: {name: lua, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, inlineCode: ''}}
`)
  expect(found(filter)).toEqual([
    'not-applied-yet spec.configPatches[0]: the patch MERGE of CLUSTER is accepted but not applied yet',
    'not-applied-yet spec.configPatches[1]: the patch INSERT_BEFORE of HTTP_FILTER: patch.value.typed_config is of type ' +
      'envoy.extensions.filters.http.lua.v3.Lua is accepted but not applied yet'
  ])
})
