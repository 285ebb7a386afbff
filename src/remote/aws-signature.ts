// AWS Signature Version 4 of requests with a body in memory, by AWS' own description ("Create a signed AWS API request"); held to vectors of
// AWS' test suite. Header values and parameters are taken as they are sent.

import { createHash, createHmac } from 'node:crypto'

/** Who signs; the token belongs to keys that end. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/** What is signed: every header given, with Host of the URL. */
export interface AwsRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** For which service, where, and when (milliseconds). */
export interface AwsScope {
  readonly region: string
  readonly service: string
  readonly at: number
}

/** The request's headers with those that sign it. */
export function signedHeaders(request: AwsRequest, keys: AwsKeys, { region, service, at }: AwsScope): Record<string, string> {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const token = keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }
  const headers: Record<string, string> = { ...request.headers, ...token, 'x-amz-date': time }
  const { canonical, names } = canonicalRequest(request, headers)
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${keys.secretAccessKey}`)
  const signature = hmac(key, text).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...headers, authorization }
}

function canonicalRequest(
  { method, url, body }: AwsRequest,
  headers: Readonly<Record<string, string>>
): { canonical: string; names: string } {
  const signed = [...Object.entries(headers), ['host', url.host] as const]
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join('&')
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  return { canonical: [method, url.pathname, query, lines, names, sha256(body)].join('\n'), names }
}

// RFC 3986's unreserved characters stay; encodeURIComponent leaves five more.
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
