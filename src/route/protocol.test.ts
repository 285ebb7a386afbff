import { expect, test } from 'vitest'
import type { MeshServicePort } from './mesh-config.ts'
import { carriesHttp, declaredProtocol, isDeclaredHttp } from './protocol.ts'

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
  [{ port: 80, name: 'http', protocol: 'UDP' }, 'http', false, true]
])('%o', (...[port, declared, http, isDeclared]) => {
  expect([declaredProtocol(port), carriesHttp(port), isDeclaredHttp(port)]).toEqual([declared, http, isDeclared])
})
