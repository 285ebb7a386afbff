// For a field that a schema does not have: the one probably meant, spelt alike beside it or of the same name elsewhere in the object.

import { schemaOfField } from './schema-fields.ts'
import type { Schema } from './schema.ts'

/** Names that differ in at most so many letters are taken for slips. */
const SLIPS_MAX = 2
const PLACES_MAX = 3
/** No field has a longer name; hostile ones are not compared. */
const NAME_MAX = 64

/** `retries` or `spec.http[].retries` for the unknown field at `path` (`spec.http[0].retrys`); undefined when nothing is near. */
export function suggestField(schema: Schema, path: string): string | undefined {
  const steps = path.replaceAll(/\[\d+\]/g, '[]').split('.')
  const name = steps.at(-1) ?? ''
  if (name.length > NAME_MAX) return undefined
  const siblings = Object.keys(schemaAt(schema, steps.slice(0, -1))?.properties ?? {})
  const near = siblings.map((other) => ({ other, slips: slipsBetween(name, other) })).toSorted((a, b) => a.slips - b.slips)[0]
  if (near !== undefined && near.slips <= Math.min(SLIPS_MAX, name.length / 2)) return near.other
  const places = placesOf(schema, name, '').filter((place) => !place.startsWith('metadata.'))
  return places.length > 0 && places.length <= PLACES_MAX ? places.join(' or ') : undefined
}

function schemaAt(schema: Schema, steps: readonly string[]): Schema | undefined {
  let at: Schema | undefined = schema
  for (const step of steps) {
    if (at === undefined) return undefined
    const [name = '', ...lists] = step.split('[]')
    at = schemaOfField(at, name)
    for (const _ of lists) at = at?.items
  }
  return at
}

function placesOf(schema: Schema, name: string, path: string): string[] {
  const lists = schema.items === undefined ? [] : placesOf(schema.items, name, `${path}[]`)
  const own = Object.entries(schema.properties ?? {}).flatMap(([field, inner]) => {
    const at = path === '' ? field : `${path}.${field}`
    return [...(field === name ? [at] : []), ...placesOf(inner, name, at)]
  })
  return [...lists, ...own]
}

/** Letters to change, add or leave out to get from `a` to `b`; case counts half. */
function slipsBetween(a: string, b: string): number {
  if (a.toLowerCase() === b.toLowerCase()) return 0.5
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let index = 0; index < a.length; index += 1) {
    let diagonal = index
    const next = [index + 1]
    for (let at = 1; at <= b.length; at += 1) {
      const change = diagonal + Number(a[index] !== b[at - 1])
      diagonal = row[at] ?? 0
      next.push(Math.min(change, diagonal + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
