import { expect, test } from 'vitest'
import { readCommand } from './format-commands.ts'

const TABLE =
  'START_TIME DOWNSTREAM_REMOTE_ADDRESS DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_REMOTE_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS ' +
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT DOWNSTREAM_LOCAL_PORT ' +
  'UPSTREAM_HOST UPSTREAM_REMOTE_ADDRESS UPSTREAM_LOCAL_ADDRESS UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW PROTOCOL ROUTE_NAME ' +
  'VIRTUAL_CLUSTER_NAME HOSTNAME REQUESTED_SERVER_NAME RESPONSE_CODE RESPONSE_CODE_DETAILS RESPONSE_FLAGS RESPONSE_FLAGS_LONG ' +
  'CONNECTION_TERMINATION_DETAILS UPSTREAM_TRANSPORT_FAILURE_REASON GRPC_STATUS BYTES_RECEIVED BYTES_SENT DURATION REQUEST_DURATION ' +
  'RESPONSE_DURATION RESPONSE_TX_DURATION DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_ISSUER DOWNSTREAM_PEER_SERIAL ' +
  'DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_CERT DOWNSTREAM_PEER_CERT_V_START DOWNSTREAM_PEER_CERT_V_END DOWNSTREAM_TLS_VERSION ' +
  'DOWNSTREAM_TLS_CIPHER'

test.each(TABLE.split(' '))('%s is known', (name) => {
  expect(readCommand({ name, args: undefined, max: undefined })).toBeTypeOf('object')
})

test.each([
  'REQ',
  'RESP',
  'TRAILER',
  'DYNAMIC_METADATA',
  'CLUSTER_METADATA',
  'UPSTREAM_METADATA',
  'FILTER_STATE',
  'PER_REQUEST_STATE',
  'ENVIRONMENT'
])('%s takes an argument and a length, and needs the argument', (name) => {
  expect(readCommand({ name, args: 'a:b', max: 3 })).toBeTypeOf('object')
  expect(readCommand({ name, args: undefined, max: undefined })).toBe(`%${name}% needs an argument in parentheses`)
})

test('what every object has is no command', () => {
  expect(readCommand({ name: 'constructor', args: undefined, max: undefined })).toBe('%constructor% is not a command that Envoy knows')
})
