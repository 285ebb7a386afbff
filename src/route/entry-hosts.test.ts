import { describe, expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import type { ServiceEntry } from '../api/istio-service-entry.ts'
import { entryHosts, joinEntries, namesOf } from './entry-hosts.ts'
import { meshConfigOf } from './mesh-objects.ts'
import type { RegistryHost } from './registry.ts'
import { Workloads } from './workload-entries.ts'
import type { Resolved } from './workload-entries.ts'

const PORTS = 'ports: [{name: http, number: 80, protocol: HTTP, targetPort: 8000}]'

function parts(spec: string, more = ''): { readonly entries: readonly ServiceEntry[]; readonly workloads: Workloads } {
  const text = `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: shop}\nspec: ${spec}\n---\n${more}`
  const config = meshConfigOf(objectsOf(text))
  return { entries: config.serviceEntries, workloads: new Workloads(config) }
}

function hosts(spec: string, more = '', resolved: Resolved = {}): RegistryHost[] {
  const { entries, workloads } = parts(spec, more)
  return entries.flatMap((entry) => entryHosts(entry, { workloads, resolved }))
}

function reached(host: RegistryHost | undefined): string[][] {
  return (host?.ports ?? []).map(({ endpoints }) => endpoints.map(({ endpoint, ready }) => `${endpoint.address}:${endpoint.port} ${ready}`))
}

describe('where endpoints come from', () => {
  test.each([
    [
      'STATIC: as written, with their own ports',
      'resolution: STATIC, endpoints: [{address: 1.1.1.1}, {address: 1.1.1.2, ports: {http: 81}}]',
      ['1.1.1.1:8000 true', '1.1.1.2:81 true']
    ],
    ['DNS without endpoints: the host itself', 'resolution: DNS', ['h.example:8000 true']],
    [
      'DNS: names and addresses',
      'resolution: DNS, endpoints: [{address: b.example}, {address: 1.1.1.1}]',
      ['b.example:8000 true', '1.1.1.1:8000 true']
    ],
    ['NONE: none', 'resolution: NONE, endpoints: [{address: 1.1.1.1}]', []],
    ['no resolution is NONE', 'location: MESH_EXTERNAL', []]
  ])('%s', (_, more, expected) => {
    expect(reached(hosts(`{hosts: [h.example], ${PORTS}, ${more}}`)[0])).toEqual([expected])
  })

  test.each([
    ['DNS', ['10.0.0.1:8000 true', '10.0.0.2:8000 true']],
    ['DNS_ROUND_ROBIN', ['10.0.0.2:8000 true']]
  ])('%s goes to what the name stands for', (resolution, expected) => {
    const resolved = { 'h.example': ['10.0.0.2', '10.0.0.1'] }
    expect(reached(hosts(`{hosts: [H.example], ${PORTS}, resolution: ${resolution}}`, '', resolved)[0])).toEqual([expected])
  })

  test('a wildcard has no name of its own to look up', () => {
    expect(reached(hosts(`{hosts: ['*.example'], ${PORTS}, resolution: DNS}`)[0])).toEqual([[]])
  })

  test('a selector picks WorkloadEntries and ready pods, by name where it is DNS', () => {
    const vm =
      'apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop}\nspec: {address: db.example, labels: {app: a}}\n---\n'
    const pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop, labels: {app: a}}\nstatus: {podIP: 10.0.0.7, conditions: [{type: Ready, status: 'True'}]}\n"
    const spec = (resolution: string): string =>
      `{hosts: [h.example], ${PORTS}, resolution: ${resolution}, workloadSelector: {labels: {app: a}}}`
    const resolved = { 'db.example': ['10.0.0.9'] }
    expect(reached(hosts(spec('DNS'), vm + pod, resolved)[0])).toEqual([['10.0.0.9:8000 true', '10.0.0.7:8000 true']])
    expect(reached(hosts(spec('STATIC'), vm + pod, resolved)[0])).toEqual([['db.example:8000 true', '10.0.0.7:8000 true']])
    const { entries, workloads } = parts(spec('DNS'), vm + pod)
    expect(entries.flatMap((entry) => namesOf(entry, workloads))).toEqual(['db.example'])
  })
})

test('names to look up are those of DNS entries', () => {
  const { entries, workloads } = parts(`{hosts: [H.example, i.example], ${PORTS}, resolution: DNS}`)
  expect(entries.flatMap((entry) => namesOf(entry, workloads))).toEqual(['h.example', 'i.example'])
  const written = parts(
    `{hosts: [h.example], ${PORTS}, resolution: DNS_ROUND_ROBIN, endpoints: [{address: b.example}, {address: 1.1.1.1}]}`
  )
  expect(written.entries.flatMap((entry) => namesOf(entry, written.workloads))).toEqual(['b.example'])
  const fixed = parts(`{hosts: [h.example], ${PORTS}, resolution: STATIC, endpoints: [{address: b.example}]}`)
  expect(fixed.entries.flatMap((entry) => namesOf(entry, fixed.workloads))).toEqual([])
})

describe('two entries for one host', () => {
  const of = (spec: string): RegistryHost => {
    const [host] = hosts(`{hosts: [h.example], ${spec}}`)
    if (host === undefined) throw new Error('no host')
    return host
  }
  const ONE = of(`${PORTS}, resolution: STATIC, addresses: [10.1.0.1], endpoints: [{address: 1.1.1.1}]`)

  test('endpoints of a common port are put together, each once; ports and addresses add up', () => {
    const two = of(
      `ports: [{name: other, number: 80, targetPort: 8000}, {name: more, number: 81}], resolution: STATIC, addresses: [10.1.0.2], endpoints: [{address: 1.1.1.1}, {address: 2.2.2.2}]`
    )
    const joined = joinEntries(ONE, two)
    expect(joined.ports.map(({ name, number }) => `${name} ${number}`)).toEqual(['http 80', 'more 81'])
    expect(reached(joined)[0]).toEqual(['1.1.1.1:8000 true', '2.2.2.2:8000 true'])
    expect(joined.addresses).toEqual(['10.1.0.1', '10.1.0.2'])
  })

  test('one that finds its endpoints in another way adds none', () => {
    const two = of('ports: [{name: http, number: 80}, {name: more, number: 81}], resolution: DNS')
    expect(reached(joinEntries(ONE, two))).toEqual([['1.1.1.1:8000 true']])
  })
})
