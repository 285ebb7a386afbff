// Metrics from Google Cloud Monitoring (Stackdriver): projects.timeSeries.query with MQL, as a service account (RFC 7523) whose key is in the
// Secret or in the file of GOOGLE_APPLICATION_CREDENTIALS. The metadata server of Google's machines is not asked.

import { readFile } from 'node:fs/promises'
import { importPKCS8, SignJWT } from 'jose'
import { dig, listAt, parsedJson } from '../std/json.ts'
import { callForJson, type Misconfigured, type ProviderQuery, type ProviderReading, type ProviderWorld, urlOf } from './provider-call.ts'
import { approach, newestOf, oldestBySteps } from './provider-points.ts'

const ADDRESS = 'https://monitoring.googleapis.com'
const TOKEN_URI = 'https://oauth2.googleapis.com/token'
const SCOPE = 'https://www.googleapis.com/auth/monitoring.read'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const VALID_SECONDS = 600

/** Asks Google; the newest point of the first series counts. */
export async function askStackdriver(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { address = ADDRESS } = asked.provider.spec
  const to = approach(asked, world, ['project'], ({ project }) => ({
    address,
    path: `/v3/projects/${encodeURIComponent(project)}/timeSeries:query`
  }))
  if (to.kind !== 'there') return to
  const token = await tokenOf(asked, world, signal)
  if (token.kind !== 'token') return token
  const headers = { authorization: `Bearer ${token.token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ query: asked.query })
  const answer = await callForJson(asked, world, { url: to.url, method: 'POST', headers, body }, signal)
  if (answer.kind !== 'json') return answer
  const [series] = listAt(answer.value, 'timeSeriesData')
  const points = listAt(series, 'pointData').map((point) => {
    const [value] = listAt(point, 'values')
    // int64Value is text in JSON.
    return { at: Date.parse(String(dig(point, 'timeInterval', 'endTime'))), value: dig(value, 'doubleValue') ?? dig(value, 'int64Value') }
  })
  return newestOf(points, { ...to.terms, oldest: oldestBySteps(points) })
}

type Token = { readonly kind: 'token'; readonly token: string } | Exclude<ProviderReading, { readonly kind: 'value' }>

async function tokenOf(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<Token> {
  const key = await keyOf(asked, world)
  if (key.kind !== 'key') return key
  const assertion = await assertionOf(key, world.clock.now())
  if (assertion === undefined) return { kind: 'misconfigured', because: 'the private_key of the service account is not a PKCS #8 key' }
  const url = urlOf(key.tokenUri, '')
  if (url === undefined) return { kind: 'misconfigured', because: 'the token_uri of the service account is not a URL' }
  const body = new URLSearchParams({ grant_type: GRANT, assertion }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const describe = (error: unknown): unknown => dig(error, 'error_description')
  const answer = await callForJson(asked, world, { url, method: 'POST', headers, body, errorOf: describe }, signal)
  if (answer.kind !== 'json') return answer
  const token = dig(answer.value, 'access_token')
  return typeof token === 'string' ? { kind: 'token', token } : { kind: 'down', because: `${url.host} gives no access token` }
}

interface Key {
  readonly kind: 'key'
  readonly email: string
  readonly privateKey: string
  readonly tokenUri: string
}

const NO_KEY =
  'there is no service account: put its JSON key into the Secret of provider.secretRef as serviceAccountKey, or name its file in GOOGLE_APPLICATION_CREDENTIALS'

async function keyOf({ provider }: ProviderQuery, { environment }: ProviderWorld): Promise<Key | Misconfigured> {
  const file = environment['GOOGLE_APPLICATION_CREDENTIALS']
  const text = provider.credentials['serviceAccountKey'] ?? (file === undefined ? undefined : await readFile(file, 'utf8').catch(() => ''))
  if (text === undefined) return { kind: 'misconfigured', because: NO_KEY }
  const key = parsedJson(text)
  const [email, privateKey, tokenUri = TOKEN_URI] = [dig(key, 'client_email'), dig(key, 'private_key'), dig(key, 'token_uri')]
  return typeof email === 'string' && typeof privateKey === 'string' && typeof tokenUri === 'string'
    ? { kind: 'key', email, privateKey, tokenUri }
    : { kind: 'misconfigured', because: 'the service account key is not JSON with client_email and private_key' }
}

async function assertionOf({ email, privateKey, tokenUri }: Key, now: number): Promise<string | undefined> {
  const key = await importPKCS8(privateKey, 'RS256').catch(() => undefined)
  if (key === undefined) return undefined
  const at = Math.floor(now / 1000)
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(email)
    .setAudience(tokenUri)
    .setIssuedAt(at)
    .setExpirationTime(at + VALID_SECONDS)
    .sign(key)
}
