// Gateway (networking.istio.io): the ports at which traffic enters the mesh, and their TLS.

import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, boolean, choice, map, object, required, ruled, string, uint32 } from './schema-builder.ts'

const tlsVersions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'] as const
const caCertificates = string('File with the authorities trusted for clients.')
const privateKey = string('File with the server key.')
const serverCertificate = string('File with the server certificate.')
const oneOrTwo = { minItems: 1, maxItems: 2 }

const serverTlsFields = object('TLS of the port.', {
  caCertCredentialName: string('Secret with the authorities trusted for clients.'),
  caCertificates,
  caCrl: string('File with certificates revoked.'),
  cipherSuites: array('Ciphers allowed; absent: a safe choice.', string('Cipher.')),
  credentialName: string('Secret with key and certificate.'),
  credentialNames: array('Secrets with key and certificate, one for each kind of key.', string('Secret.'), oneOrTwo),
  httpsRedirect: boolean('Answer plain requests with 301 to https.'),
  maxProtocolVersion: choice('Highest TLS version.', ...tlsVersions),
  minProtocolVersion: choice('Lowest TLS version.', ...tlsVersions),
  mode: choice('Which TLS.', 'PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'),
  privateKey,
  serverCertificate,
  subjectAltNames: array('Names clients may prove.', string('Name.')),
  tlsCertificates: array(
    'Files with key and certificate, one for each kind of key.',
    object('One pair.', { caCertificates, privateKey, serverCertificate }),
    oneOrTwo
  ),
  verifyCertificateHash: array('SHA-256 of client certificates allowed.', string('Hash.')),
  verifyCertificateSpki: array('SHA-256 of client public keys allowed.', string('Hash.'))
})
const ONE_CREDENTIAL = 'only one of credentialName or credentialNames can be set'
const NAMES_OR_FILES = 'only one of credentialNames or tlsCertificates can be set'

/** TLS of a port that is listened on. The last sentence is Istio's own: it names another field than the rule asks about. */
export const serverTls = ruled(
  serverTlsFields,
  ['!(has(self.tlsCertificates) && has(self.credentialNames))', NAMES_OR_FILES],
  ['!(has(self.credentialName) && has(self.credentialNames))', ONE_CREDENTIAL],
  ['!(has(self.credentialNames) && has(self.tlsCertificates))', 'only one of credentialName or tlsCertificates can be set']
)
/** TLS of a port that is listened on. */
export type ServerTls = Infer<typeof serverTls>

const server = object('One port with its hosts.', {
  bind: string('Address to listen on.'),
  defaultEndpoint: string('Not in use.'),
  hosts: required(array('Hosts served: host or namespace/host.', string('Host.'))),
  name: string('Name of the server.'),
  port: required(
    object('The port.', {
      name: required(string('Name of the port.')),
      number: required(uint32('Port number.')),
      protocol: required(string('HTTP, HTTPS, HTTP2, GRPC, TLS, TCP or MONGO.')),
      targetPort: uint32('Not in use.')
    })
  ),
  tls: serverTls
})
/** One port of a Gateway with its hosts. */
export type GatewayServer = Infer<typeof server>

/** spec of a Gateway. */
export const gatewaySpec = object('Ports at which traffic enters the mesh.', {
  selector: map('Labels of the proxies that serve it.', string('Label value.')),
  servers: array('Ports and hosts.', server)
})
/** spec of a Gateway. */
export type GatewaySpec = Infer<typeof gatewaySpec>

/** Ports at which traffic enters the mesh. */
export interface Gateway extends KubeObject {
  readonly kind: 'Gateway'
  readonly spec: GatewaySpec
  readonly status?: IstioStatus
}
