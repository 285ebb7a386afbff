import { expect, test } from 'vitest'
import { virtualServiceSpec } from './istio-virtual-service.ts'
import { validate } from './validate.ts'

test.each([
  [
    'a split of traffic is accepted',
    virtualServiceSpec,
    { hosts: ['a'], http: [{ route: [{ destination: { host: 'a', subset: 'v1' }, weight: 90 }] }] },
    []
  ],
  ['a destination is needed', virtualServiceSpec, { http: [{ route: [{ weight: 90 }] }] }, ['http[0].route[0].destination']],
  ['a match is exact, prefix or regex', virtualServiceSpec, { http: [{ match: [{ uri: { exact: '/', regex: '.*' } }] }] }, ['<nil>']],
  ['an empty match means present', virtualServiceSpec, { http: [{ match: [{ headers: { 'x-user': {} } }] }] }, []],
  [
    'a delay is fixed or exponential',
    virtualServiceSpec,
    { http: [{ fault: { delay: { fixedDelay: '1s', exponentialDelay: '1s' } } }] },
    ['<nil>']
  ],
  [
    'tls rules need a match with names',
    virtualServiceSpec,
    { tls: [{ route: [] }, { match: [{ port: 443 }] }] },
    ['tls[0].match', 'tls[1].match[0].sniHosts']
  ]
])('%s', (_, schema, value, fields) => {
  expect(validate(schema, value, 'built-in').map((cause) => cause.field)).toEqual(fields)
})
