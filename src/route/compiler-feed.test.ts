import { expect, it } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { putObject } from './compiler-feed.ts'
import { RouteCompiler } from './route-compiler.ts'

const [SERVICE, NAMESPACE, OTHER] = objectsOf(`apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: b}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: web, namespace: c}
`)

it('objects come and go by their kind; those of other groups are left out', () => {
  const compiler = new RouteCompiler({ isBroken: () => false })
  for (const object of [SERVICE, NAMESPACE, OTHER]) putObject(compiler, undefined, object)
  compiler.compile()
  expect(Object.keys(compiler.table.scopes).toSorted()).toEqual(['mesh|80|', 'mesh|80|a', 'mesh|80|b', 'mesh|80|default'])
  expect(Object.keys(compiler.table.clusters)).toEqual(['outbound|80||web.a.svc.cluster.local'])
  for (const object of [SERVICE, NAMESPACE, OTHER]) putObject(compiler, object, undefined)
  compiler.compile()
  expect(Object.keys(compiler.table.scopes).toSorted()).toEqual(['mesh|80|', 'mesh|80|default'])
  expect(compiler.table.clusters).toEqual({})
})
