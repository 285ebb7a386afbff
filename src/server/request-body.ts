// Reads a request's body within its limit and decodes it to a JSON value. Hostile bodies (too long, too deep, `__proto__`) end here.

import type { IncomingMessage } from 'node:http'
import { decodeProtobuf } from '../api/protobuf.ts'
import { parseYaml } from '../api/yaml.ts'
import { isOverlong } from '../api/yaml-limits.ts'
import { DISCARD_BYTES_MAX } from './http-guard.ts'
import { failure } from './status.ts'
import { mediaRange } from './negotiate.ts'
import type { Parsed } from './query.ts'

/** 3 MiB, as a real API server; more is answered 413. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024
/** Deeper nesting than any Kubernetes object has; bounds every recursion behind this module. */
export const NESTING_MAX = 200

const TOO_LARGE = failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES_MAX}`)
const ACCEPTED = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

/** The whole body. Rejects only when the connection breaks. What is beyond the limit is read and thrown away, so that the answer arrives. */
export function readBody(request: IncomingMessage): Promise<Parsed<Buffer>> {
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= BODY_BYTES_MAX) chunks.push(chunk)
      else chunks.length = 0
      if (length > DISCARD_BYTES_MAX) resolve({ ok: false, status: TOO_LARGE })
    })
    request.on('end', () =>
      resolve(length > BODY_BYTES_MAX ? { ok: false, status: TOO_LARGE } : { ok: true, value: Buffer.concat(chunks) })
    )
    request.on('error', reject)
    request.on('close', () => reject(new Error('the client went away')))
  })
}

/** The body as JSON value; an empty one is undefined. A missing Content-Type means JSON, as kubectl's `create --raw` sends it. */
export function decodeBody(bytes: Buffer, contentType: string | undefined): Parsed<unknown> {
  if (bytes.length === 0) return { ok: true, value: undefined }
  const { type } = mediaRange(contentType ?? 'application/json')
  switch (type) {
    case 'application/json':
    case '':
      return decodeJson(bytes, "couldn't get version/kind; json parse error: ")
    case 'application/yaml':
    case 'application/x-yaml':
      return decodeYaml(bytes)
    case 'application/vnd.kubernetes.protobuf':
      return decodeProto(bytes)
    default:
      return { ok: false, status: unsupportedMedia(ACCEPTED) }
  }
}

/** A patch, which is always JSON here. */
export function decodePatch(bytes: Buffer): Parsed<unknown> {
  return decodeJson(bytes, 'error decoding patch: ')
}

/** 415 naming what is accepted. */
export function unsupportedMedia(accepted: string): ReturnType<typeof failure> {
  return failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`
  )
}

function decodeJson(bytes: Buffer, prefix: string): Parsed<unknown> {
  const source = bytes.toString('utf8')
  if (nesting(bytes) > NESTING_MAX) return bad(`${prefix}exceeded max depth ${NESTING_MAX}`)
  try {
    return harmless(JSON.parse(source))
  } catch (error) {
    return bad(prefix + goWords(error, source))
  }
}

// Go says this for input that ends early, and `invalid character ...` for all else.
function goWords(error: unknown, source: string): string {
  const words = error instanceof Error ? error.message : ''
  const position = Number(/position (\d+)/.exec(words)?.[1] ?? Number.NaN)
  const endsEarly = /end of JSON input|Unterminated/.test(words) || position >= source.length
  return endsEarly ? 'unexpected end of JSON input' : `invalid character: ${words.replaceAll(/\s+/g, ' ')}`
}

function decodeYaml(bytes: Buffer): Parsed<unknown> {
  const text = bytes.toString('utf8')
  if (isOverlong(text)) return bad('error converting YAML to JSON: yaml: too many values: send JSON')
  const { objects, problems } = parseYaml(text)
  const fault = problems.find(({ severity }) => severity === 'error')
  if (fault !== undefined) return bad(`error converting YAML to JSON: yaml: line ${fault.line}: ${fault.message}`)
  const [object, second] = objects
  if (second !== undefined) return bad(`error converting YAML to JSON: yaml: line ${second.line}: more than one object`)
  return object === undefined ? { ok: true, value: undefined } : harmless(object.value)
}

function decodeProto(bytes: Buffer): Parsed<unknown> {
  const decoded = decodeProtobuf(bytes)
  switch (decoded.kind) {
    case 'decoded':
      return harmless(decoded.object)
    case 'unsupported':
      return { ok: false, status: unsupportedMedia('application/json, application/yaml') }
    case 'malformed':
      return bad(`the protobuf body cannot be read: ${decoded.because}`)
  }
}

// An own property of this name would become a prototype at the first careless assignment, so it never gets in.
function harmless(value: unknown): Parsed<unknown> {
  return holdsProto(value) ? bad('the field name "__proto__" is not accepted') : { ok: true, value }
}

function holdsProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsProto)
  return Object.entries(value).some(([key, inner]) => key === '__proto__' || holdsProto(inner))
}

// Deepest bracket outside strings, by bytes: no recursion before the limit is known to hold.
function nesting(bytes: Buffer): number {
  let at = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (quoted) {
      if (byte === 0x5c) index++
      else if (byte === 0x22) quoted = false
    } else if (byte === 0x22) quoted = true
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++at)
    else if (byte === 0x7d || byte === 0x5d) at--
  }
  return deepest
}

function bad(message: string): { readonly ok: false; readonly status: ReturnType<typeof failure> } {
  return { ok: false, status: failure(400, 'BadRequest', message) }
}
