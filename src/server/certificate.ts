// Makes the certificate authority and the server certificate of the embedded API: X.509 v3, P-256, SHA-256, written as DER by hand
// because Node reads certificates but does not write them. Only what RFC 5280 asks of a private CA; no revocation, no chains.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import type { Millis } from '../std/clock.ts'

/** A certificate with its private key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** When a certificate is valid. */
export interface Validity {
  readonly from: Millis
  readonly until: Millis
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1'
}

/** A new self-signed authority that may sign server certificates. */
export function createAuthority(commonName: string, validity: Validity): Identity {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyId = keyIdOf(pair.publicKey)
  const extensions = [
    extension(OID.basicConstraints, 'critical', sequence(boolean(true))),
    // keyCertSign and cRLSign are bits 5 and 6.
    extension(OID.keyUsage, 'critical', tagged(0x03, Buffer.from([1, 0b0000_0110]))),
    extension(OID.subjectKeyId, 'plain', tagged(0x04, keyId))
  ]
  const names = { issuer: commonName, subject: commonName }
  const certificate = signed(tbsCertificate(names, validity, pair.publicKey, extensions), pair.privateKey)
  return { certificate, key: pem(pair.privateKey) }
}

/** A server certificate for `hosts` (DNS names and IP addresses), signed by `authority`, whose name is `issuer`. */
export function issueServer(authority: Identity, issuer: string, hosts: readonly string[], validity: Validity): Identity {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [
    extension(OID.basicConstraints, 'critical', sequence()),
    // digitalSignature is bit 0.
    extension(OID.keyUsage, 'critical', tagged(0x03, Buffer.from([7, 0b1000_0000]))),
    extension(OID.extendedKeyUsage, 'plain', sequence(oid(OID.serverAuth))),
    extension(OID.authorityKeyId, 'plain', sequence(tagged(0x80, keyIdOf(createPublicKey(authority.certificate))))),
    extension(OID.subjectAltName, 'plain', sequence(...hosts.map(alternativeName)))
  ]
  const names = { issuer, subject: hosts[0] ?? issuer }
  const certificate = signed(tbsCertificate(names, validity, pair.publicKey, extensions), createPrivateKey(authority.key))
  return { certificate, key: pem(pair.privateKey) }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
}

function tbsCertificate(
  names: { readonly issuer: string; readonly subject: string },
  validity: Validity,
  key: KeyObject,
  extensions: readonly Buffer[]
): Buffer {
  const serial = randomBytes(16)
  // Positive and without a leading zero byte, as DER integers are.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    sequence(oid(OID.ecdsaWithSha256)),
    distinguishedName(names.issuer),
    sequence(time(validity.from), time(validity.until)),
    distinguishedName(names.subject),
    key.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions))
  )
}

function signed(tbs: Buffer, key: KeyObject): string {
  const signature = sign('sha256', tbs, key)
  const der = sequence(tbs, sequence(oid(OID.ecdsaWithSha256)), tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extension(id: string, mark: 'critical' | 'plain', value: Buffer): Buffer {
  return sequence(oid(id), ...(mark === 'critical' ? [boolean(true)] : []), tagged(0x04, value))
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(OID.commonName), tagged(0x0c, Buffer.from(commonName)))))
}

function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIPv6(host)) return tagged(0x87, addressBytes(host))
  return tagged(0x82, Buffer.from(host))
}

function addressBytes(address: string): Buffer {
  const [left = '', right] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return Buffer.from([...head, ...zeros, ...tail].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

function time(at: Millis): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  // RFC 5280 4.1.2.5: two-digit years through 2049.
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]))
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content])
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256)
  return [0x80 | bytes.length, ...bytes]
}
