import { expect, test } from 'vitest'
import { policyFaults } from '../../test/istio-faults.ts'
import { caution, refusal } from './istio-fault.ts'
import { checkConnectionPool, checkOutlierDetection, checkTrafficPolicy, errorsOf } from './istio-policy-checks.ts'

test.each([
  ['{connectionPool: {tcp: {maxConnections: 0, idleTimeout: 0s, connectTimeout: 30ms}}}', []],
  [
    '{connectionPool: {tcp: {connectTimeout: 0s, maxConnectionDuration: x}}}',
    ['connectionPool.tcp.connectTimeout', 'connectionPool.tcp.maxConnectionDuration']
  ],
  [
    '{connectionPool: {tcp: {tcpKeepalive: {time: 0s, interval: 0s}}}}',
    ['connectionPool.tcp.tcpKeepalive.time', 'connectionPool.tcp.tcpKeepalive.interval']
  ],
  ['{connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}', ['connectionPool.http']],
  ['{connectionPool: {http: {maxRequestsPerConnection: -1}}}', ['connectionPool.http.maxRequestsPerConnection']],
  ['{connectionPool: {}}', ['connectionPool']],
  ['{outlierDetection: {}}', []],
  ['{outlierDetection: {interval: 0s, baseEjectionTime: 0s}}', ['outlierDetection.baseEjectionTime', 'outlierDetection.interval']],
  ['{outlierDetection: {consecutiveLocalOriginFailures: 3, splitExternalLocalOriginErrors: true}}', []],
  ['{tls: {mode: MUTUAL}}', ['tls', 'tls']],
  ['{tls: {mode: MUTUAL, credentialName: c, clientCertificate: f}}', ['tls']],
  ['{tls: {mode: SIMPLE, credentialName: "configmap://ca"}}', []],
  ['{tls: {mode: SIMPLE, credentialName: "configmap://other/ca"}}', ['tls.credentialName']],
  ['{tls: {mode: SIMPLE, credentialName: "configmap://shop/ca"}}', []],
  ['{tunnel: {targetHost: a.example, targetPort: 443}, proxyProtocol: {version: V1}}', ['spec.trafficPolicy']],
  ['{tunnel: {protocol: GET, targetHost: "*", targetPort: 0}}', ['tunnel.protocol', 'tunnel.targetHost', 'tunnel.targetPort']],
  ['{portLevelSettings: [{port: {number: 80}}]}', ['portLevelSettings[0]']],
  ['{portLevelSettings: [{connectionPool: {tcp: {}}}]}', ['portLevelSettings[0]']],
  ['{portLevelSettings: [{port: {}, connectionPool: {}}]}', ['portLevelSettings[0].port.number', 'portLevelSettings[0].connectionPool']]
])('the policy %s has errors at %o', (policy, paths) => {
  expect(policyFaults(policy).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('warnings are told of the whole host, and not of a port', () => {
  const old = 'outlierDetection: {consecutiveErrors: 5}'
  expect(policyFaults(`{${old}}`)).toHaveLength(1)
  expect(policyFaults(`{portLevelSettings: [{port: {number: 80}, ${old}}]}`)).toEqual([])
  expect(errorsOf([refusal('a', ''), caution('b', '')]).map(({ path }) => path)).toEqual(['a'])
})

test('what is not set has no faults', () => {
  expect([checkConnectionPool(undefined, 'p'), checkOutlierDetection(undefined, 'p'), checkTrafficPolicy(undefined, 'p', 'n')]).toEqual([
    [],
    [],
    []
  ])
})
