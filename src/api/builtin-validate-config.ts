// What the API server refuses in the data of ConfigMaps and Secrets, in its own words: keys, sizes, and what a type of Secret needs.

import { isObject } from '../std/json.ts'
import { fault } from './builtin-words.ts'
import { missing, type Cause } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

const DATA_MAX = 1024 * 1024
const KEY_MAX = 253
const KEY_WORDS =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', " +
  "regex used for validation is '[-._a-zA-Z0-9]+')"

/** The faults of a ConfigMap's data. */
export function configFaults(config: Fields): readonly Cause[] {
  const [data, binary] = [fieldsIn(config['data']), fieldsIn(config['binaryData'])]
  const twice = Object.keys(data).filter((key) => Object.hasOwn(binary, key))
  const size = sizeOf(data, (text) => text.length) + sizeOf(binary, bytesOf)
  return [
    ...Object.keys(data).flatMap((key) => keyFaults(key, 'data')),
    ...twice.map((key) => fault(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...Object.keys(binary).flatMap((key) => keyFaults(key, 'binaryData')),
    // a real server names no field here
    ...(size > DATA_MAX ? [tooLong('[]')] : [])
  ]
}

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key']
}

/** The faults of a Secret's data and type; `old` is the stored object of an update. */
export function secretFaults(secret: Fields, old: Fields | undefined): readonly Cause[] {
  const data = fieldsIn(secret['data'])
  const type = secret['type']
  const needed = typeof type === 'string' ? (NEEDED[type] ?? []) : []
  return [
    ...(old === undefined || type === old['type'] ? [] : [fault('type', type, 'field is immutable')]),
    ...Object.keys(data).flatMap((key) => keyFaults(key, 'data')),
    ...(sizeOf(data, bytesOf) > DATA_MAX ? [tooLong('data')] : []),
    ...needed.filter((key) => !Object.hasOwn(data, key)).map((key) => missing(`data[${key}]`))
  ]
}

function keyFaults(key: string, field: string): readonly Cause[] {
  const upward = key === '.' || key === '..' ? [`must not be '${key}'`] : key.startsWith('..') ? ["must not start with '..'"] : []
  const words = [
    ...(key.length > KEY_MAX ? [`must be no more than ${KEY_MAX} characters`] : []),
    ...(/^[-._a-zA-Z0-9]+$/.test(key) ? upward : [KEY_WORDS])
  ]
  return words.map((one) => fault(`${field}[${key}]`, key, one))
}

function sizeOf(data: Fields, size: (text: string) => number): number {
  return Object.values(data).reduce<number>((sum, value) => sum + (typeof value === 'string' ? size(value) : 0), 0)
}

// of base64
function bytesOf(text: string): number {
  return Math.floor((text.replace(/=+$/, '').length * 3) / 4)
}

function tooLong(field: string): Cause {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${DATA_MAX} bytes`, field }
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}
