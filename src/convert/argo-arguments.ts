// Arguments of analyses as template variables: `{{args.service-name}}` becomes `{{ variables.service_name }}` with its value.

import type { AnalysisUse } from './argo-metrics.ts'
import type { Notes, Source } from './note.ts'
import { mapAt, textAt } from './read.ts'
import { listAt } from '../std/json.ts'

const ARGUMENT = /\{\{\s*(?:args|inputs)\.([A-Za-z0-9_-]+)\s*\}\}/g

/** Where a template is used, whose arguments are looked for. */
export interface Place {
  readonly rollout: Source
  readonly use: AnalysisUse
  readonly template: Source
  readonly notes: Notes
}

/** A query with Flagger's placeholders for Argo's. */
export function withVariables(query: string): string {
  return query.replaceAll(ARGUMENT, (_, name: string) => `{{ variables.${variable(name)} }}`)
}

/** The values of the arguments that `query` uses. */
export function argumentsOf(place: Place, query: string): Readonly<Record<string, string>> {
  const names = new Set([...query.matchAll(ARGUMENT)].map(([, name]) => name ?? ''))
  const { template, notes } = place
  if (query.replaceAll(ARGUMENT, '').includes('{{')) notes.error(template, 'spec.metrics', 'a query has a placeholder that is no argument')
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = argument(place, name)
      return value === undefined ? [] : [[variable(name), value] as const]
    })
  )
}

/** A text with its arguments in their places; the hash of a pod template is the word `latest` or `stable` there. */
export function filledIn(place: Place, text: string): string {
  return text.replaceAll(ARGUMENT, (_, name: string) => hashOf(place, name) ?? argument(place, name) ?? '')
}

function hashOf({ use }: Place, name: string): string | undefined {
  const given = listAt(use.value, 'args').find((each) => textAt(each, 'name') === name)
  return textAt(given, 'valueFrom', 'podTemplateHashValue')?.toLowerCase()
}

function argument({ rollout, use, template, notes }: Place, name: string): string | undefined {
  const named = (list: readonly unknown[]): unknown => list.find((each) => textAt(each, 'name') === name)
  const list = listAt(use.value, 'args')
  const given = named(list)
  const index = list.indexOf(given)
  const path = `${use.path}.args[${index}]`
  const value = textAt(given, 'value') ?? fieldOf(rollout, textAt(given, 'valueFrom', 'fieldRef', 'fieldPath'))
  if (value !== undefined) return value
  if (textAt(given, 'valueFrom', 'podTemplateHashValue') !== undefined) {
    notes.error(
      rollout,
      path,
      `${name} is the hash of a pod template, which a query cannot have: tell the versions by workload, {{ target }} and {{ target }}-primary`
    )
    return undefined
  }
  if (given !== undefined) {
    notes.error(rollout, path, `${name} is read from a place that a Canary has no access to: write its value`)
    return undefined
  }
  const fallback = textAt(named(listAt(template.object, 'spec', 'args')), 'value')
  if (fallback === undefined) notes.error(template, 'spec.args', `${name} has no value`)
  return fallback
}

// Fields of the Rollout that stay what they are.
function fieldOf({ object }: Source, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const label = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (label !== null) return textAt(mapAt(object, 'metadata', label[1] ?? ''), label[2] ?? '')
  return path.startsWith('metadata.') || path.startsWith('spec.') ? textAt(object, ...path.split('.')) : undefined
}

// Flagger's templates take letters, digits and underscores.
function variable(name: string): string {
  return name.replaceAll('-', '_')
}
