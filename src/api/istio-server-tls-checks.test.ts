import { expect, test } from 'vitest'
import { checkServerTls } from './istio-server-tls-checks.ts'

const PAIR = { serverCertificate: 'c', privateKey: 'k' }

test.each([
  [{ mode: 'SIMPLE', ...PAIR }, []],
  [{ mode: 'SIMPLE' }, ['error p', 'error p']],
  [{ mode: 'SIMPLE', credentialName: 'a', credentialNames: ['b'] }, ['error p']],
  [{ mode: 'SIMPLE', credentialName: 'a', caCrl: 'x' }, ['error p.caCrl']],
  [{ mode: 'SIMPLE', tlsCertificates: [{ serverCertificate: 'c' }] }, ['error p.tlsCertificates[0]']],
  [{ mode: 'SIMPLE', tlsCertificates: [PAIR, PAIR, PAIR] }, ['warning p.tlsCertificates']],
  [{ mode: 'MUTUAL', ...PAIR }, ['error p']],
  [{ mode: 'OPTIONAL_MUTUAL', ...PAIR, caCertificates: 'a', caCrl: 'b' }, []],
  [{ mode: 'ISTIO_MUTUAL', caCertificates: 'a', tlsCertificates: [PAIR] }, ['error p', 'error p']],
  [{ mode: 'PASSTHROUGH', ...PAIR }, ['warning p', 'warning p']],
  [{ httpsRedirect: true }, []],
  [{ minProtocolVersion: 'TLSV1_1' }, ['warning p.minProtocolVersion']],
  [{ minProtocolVersion: 'TLSV1_1', cipherSuites: ['AES128-SHA'] }, []],
  [
    { cipherSuites: ['[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]', 'RC4', 'RC4'] },
    ['warning p.cipherSuites[1]', 'warning p.cipherSuites[2]']
  ],
  [undefined, []]
] as const)('%o has faults %o', (tls, wanted) => {
  expect(checkServerTls(tls, 'p').map(({ severity, path }) => `${severity} ${path}`)).toEqual(wanted)
})
