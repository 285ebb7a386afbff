import { expect, test } from 'vitest'
import type { MeshServicePort } from './mesh-config.ts'
import { carriesHttp, declaredProtocol, isDeclaredHttp, streamNamed, streamOf } from './protocol.ts'

test.each<[MeshServicePort, string, boolean, boolean]>([
  [{ port: 80, name: 'http-web' }, 'http', true, true],
  [{ port: 80, name: 'http' }, 'http', true, true],
  [{ port: 80, name: 'grpc-web-x' }, 'grpc-web', true, true],
  [{ port: 80, name: 'grpc-api' }, 'grpc', true, true],
  [{ port: 80, name: 'tcp-db' }, 'tcp', false, false],
  [{ port: 80, name: 'https' }, 'https', false, false],
  [{ port: 80, name: 'web' }, 'web', true, false],
  [{ port: 80 }, '', true, false],
  [{ port: 80, name: 'tcp', appProtocol: 'http' }, 'http', true, true],
  [{ port: 80, name: 'x', appProtocol: 'tls' }, 'tls', false, false],
  [{ port: 80, name: 'http', protocol: 'UDP' }, 'http', false, true],
  // Numbers that are known for TCP, unless the name says otherwise.
  [{ port: 3306, name: 'db' }, 'tcp', false, false],
  [{ port: 27_017 }, 'tcp', false, false],
  [{ port: 53, name: 'http-dns' }, 'http', true, true],
  [{ port: 53, appProtocol: 'other' }, 'other', true, false]
])('%o', (...[port, declared, http, isDeclared]) => {
  expect([declaredProtocol(port), carriesHttp(port), isDeclaredHttp(port)]).toEqual([declared, http, isDeclared])
})

test.each<[MeshServicePort, string | undefined]>([
  [{ port: 9000, name: 'tcp' }, 'tcp'],
  [{ port: 9000, appProtocol: 'TCP' }, 'tcp'],
  [{ port: 9000, name: 'mongo-main' }, 'tcp'],
  [{ port: 9000, name: 'mysql' }, 'tcp'],
  [{ port: 9000, name: 'redis' }, 'tcp'],
  [{ port: 9000, name: 'https' }, 'tls'],
  [{ port: 9000, name: 'tls-x' }, 'tls'],
  [{ port: 25 }, 'tcp'],
  [{ port: 9000, name: 'http' }, undefined],
  [{ port: 9000 }, undefined],
  [{ port: 9000, name: 'udp' }, undefined],
  [{ port: 9000, name: 'tcp', protocol: 'UDP' }, undefined]
])('%o carries bytes as %s', (...[port, stream]) => {
  expect(streamOf(port)).toBe(stream)
})

test('protocols that nobody names carry no bytes', () => {
  expect([streamNamed(undefined), streamNamed('Mongo'), streamNamed('grpc')]).toEqual([undefined, 'tcp', undefined])
})
