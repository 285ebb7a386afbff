// Query parameters by the rules of Kubernetes' Go server: the first of repeated ones counts, unknown ones are ignored.

import type { FieldValidation, Status, WriteOptions } from '../store/store-request.ts'
import { failure, invalidOption } from './status.ts'

/** A value, or why the request is refused. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: Status }

/** True when given with any value but `0` and `false` (kubernetes.md 2: the Python client sends `True`). */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)?.toLowerCase()
  return value !== undefined && value !== '0' && value !== 'false'
}

/** A parameter that is absent when empty. */
export function text(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name)
  return value === null || value === '' ? undefined : value
}

/** An integer; anything else is a 400 with Go's words. */
export function integer(query: URLSearchParams, name: string): Parsed<number | undefined> {
  const value = text(query, name)
  if (value === undefined) return { ok: true, value: undefined }
  if (!/^[+-]?\d{1,15}$/.test(value)) {
    return { ok: false, status: failure(400, 'BadRequest', `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`) }
  }
  return { ok: true, value: Number(value) }
}

/** dryRun, fieldManager and fieldValidation; `kind` names them in a refusal (CreateOptions, ...). */
export function writeOptions(query: URLSearchParams, kind: string, userAgent: string | undefined): Parsed<WriteOptions> {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '')
  if (dryRun.some((value) => value !== 'All')) {
    const given = dryRun.map((value) => JSON.stringify(value)).join(',')
    return { ok: false, status: unsupported(kind, 'dryRun', `[${given}]`, '"All"') }
  }
  const validation = text(query, 'fieldValidation')
  if (validation !== undefined && !isFieldValidation(validation)) {
    return { ok: false, status: unsupported(kind, 'fieldValidation', JSON.stringify(validation), '"", "Ignore", "Strict", "Warn"') }
  }
  // A client that names no manager is known by the first word of its user agent.
  const fieldManager = text(query, 'fieldManager') ?? userAgent?.split('/')[0]
  return {
    ok: true,
    value: {
      dryRun: dryRun.length > 0,
      fieldValidation: validation ?? 'Warn',
      ...(fieldManager === undefined ? {} : { fieldManager })
    }
  }
}

function isFieldValidation(value: string): value is FieldValidation {
  return value === 'Ignore' || value === 'Warn' || value === 'Strict'
}

function unsupported(kind: string, field: string, given: string, known: string): Status {
  return invalidOption(kind, field, `Unsupported value: ${given}: supported values: ${known}`, 'FieldValueNotSupported')
}
