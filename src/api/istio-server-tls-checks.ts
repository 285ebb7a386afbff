// TLS of ports that are listened on, in Gateways and Sidecars, as Istio's admission check judges it (istio.md 7.3).

import { caution, each, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import type { ServerTls } from './istio-gateway.ts'

const CIPHERS = (
  'ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ' +
  'ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA ECDHE-ECDSA-AES128-SHA ' +
  'ECDHE-RSA-AES128-SHA AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA AES128-SHA DES-CBC3-SHA'
).split(' ')

/** Certificates that fit the mode, and come from one place. */
export function checkServerTls(tls: ServerTls | undefined, path: string): IstioFault[] {
  if (tls === undefined) return []
  return [...checkStrength(tls, path), ...checkCertificates(tls, path)]
}

function checkStrength(tls: ServerTls, path: string): IstioFault[] {
  const { cipherSuites = [], minProtocolVersion = 'TLS_AUTO' } = tls
  const old = minProtocolVersion === 'TLSV1_0' || minProtocolVersion === 'TLSV1_1'
  return [
    ...warnIf(
      old && cipherSuites.length === 0,
      `${path}.minProtocolVersion`,
      'TLS version below TLSV1_2 require setting compatible ciphers as by default they no longer include compatible ciphers'
    ),
    ...each(cipherSuites, `${path}.cipherSuites`, (cipher, at) => {
      if (!isCipher(cipher)) return [caution(at, `ignoring invalid cipher suite: ${cipher}`)]
      const first = `${path}.cipherSuites[${cipherSuites.indexOf(cipher)}]`
      return warnIf(first !== at, at, `ignoring duplicate cipher suite: ${cipher}`)
    })
  ]
}

/** A cipher, or several of equal preference in brackets. */
function isCipher(text: string): boolean {
  const group = /^\[(.+)\]$/.exec(text)?.[1]
  return (group?.split('|') ?? [text]).every((cipher) => CIPHERS.includes(cipher))
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== ''
}

function checkCertificates(tls: ServerTls, path: string): IstioFault[] {
  const mode = tls.mode ?? 'PASSTHROUGH'
  switch (mode) {
    case 'ISTIO_MUTUAL':
      return given(tls).map((what) => refusal(path, `ISTIO_MUTUAL TLS cannot have associated ${what}`))
    case 'PASSTHROUGH':
    case 'AUTO_PASSTHROUGH':
      return given(tls).map((what) => caution(path, `${mode} mode does not use certificates, but ${what} was set`))
    case 'SIMPLE':
    case 'MUTUAL':
    case 'OPTIONAL_MUTUAL':
      return [...checkSources(tls, path), ...checkRevocation(tls, path, mode), ...checkComplete(tls, path, mode)]
  }
}

/** Which fields about certificates are set, as Istio calls them. */
function given(tls: ServerTls): string[] {
  const fields: readonly (readonly [boolean, string])[] = [
    [isSet(tls.serverCertificate), 'server cert'],
    [isSet(tls.privateKey), 'private key'],
    [isSet(tls.caCertificates), 'CA bundle'],
    [isSet(tls.caCrl), 'CRL'],
    [isSet(tls.credentialName), 'credentialName'],
    [(tls.credentialNames ?? []).length > 0, 'credentialNames'],
    [(tls.tlsCertificates ?? []).length > 0, 'tlsCertificates']
  ]
  return fields.flatMap(([set, what]) => (set ? [what] : []))
}

function checkSources(tls: ServerTls, path: string): IstioFault[] {
  const sources = [
    isSet(tls.credentialName),
    (tls.credentialNames ?? []).length > 0,
    (tls.tlsCertificates ?? []).length > 0,
    isSet(tls.serverCertificate) && isSet(tls.privateKey)
  ].filter(Boolean).length
  return [
    ...refuseIf(sources > 1, path, 'only one of credential_name, credential_names, tls_certificates or server certificate may be set'),
    ...warnIf(
      (tls.tlsCertificates ?? []).length > 2,
      `${path}.tlsCertificates`,
      'only two tlsCertificates are supported: one for each kind of key'
    )
  ]
}

function checkRevocation(tls: ServerTls, path: string, mode: string): IstioFault[] {
  if (!isSet(tls.caCrl)) return []
  if (isNamed(tls)) return [refusal(`${path}.caCrl`, 'CRL is not supported with credentialName. CRL has to be specified in the credential')]
  return refuseIf(mode === 'SIMPLE', `${path}.caCrl`, 'CRL is not supported with SIMPLE TLS')
}

function isNamed(tls: ServerTls): boolean {
  return isSet(tls.credentialName) || (tls.credentialNames ?? []).length > 0
}

function checkComplete(tls: ServerTls, path: string, mode: string): IstioFault[] {
  if (isNamed(tls)) return []
  const pairs = tls.tlsCertificates ?? []
  return [
    ...(pairs.length > 0 ? each(pairs, `${path}.tlsCertificates`, (pair, at) => checkPair(pair, at, mode)) : checkPair(tls, path, mode)),
    ...refuseIf(mode !== 'SIMPLE' && !isSet(tls.caCertificates), path, `${mode} TLS requires a client CA bundle`)
  ]
}

function checkPair(pair: Pick<ServerTls, 'serverCertificate' | 'privateKey'>, path: string, mode: string): IstioFault[] {
  return [
    ...refuseIf(!isSet(pair.serverCertificate), path, `${mode} TLS requires a server certificate`),
    ...refuseIf(!isSet(pair.privateKey), path, `${mode} TLS requires a private key`)
  ]
}
