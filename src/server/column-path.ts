// The JSONPath of printer columns: `.a.b`, `['a']`, `[0]`, `[*]` and filters `[?(@.type=="Ready")]`. Nothing else is needed there.

import { dig, isObject } from '../std/json.ts'

const STEP = /\.?\['([^']*)'\]|\[(-?\d+)\]|\[(\*)\]|\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]|\.((?:\\.|[^.[\\])+)/gy

/** Every value at `path`, in order; none when the path cannot be read or leads nowhere. */
export function readColumn(path: string, object: unknown): readonly unknown[] {
  let at: readonly unknown[] = [object]
  STEP.lastIndex = 0
  let read = 0
  for (let match = STEP.exec(path); match !== null; match = STEP.exec(path)) {
    read = STEP.lastIndex
    const step = match
    at = at.flatMap((value) => follow(value, step))
  }
  return read === path.length ? at : []
}

function follow(value: unknown, step: RegExpExecArray): readonly unknown[] {
  const [, quoted, index, all, filter, wanted, plain] = step
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  if (all !== undefined) return isObject(value) ? Object.values(value) : list
  if (index !== undefined) return present(list.at(Number(index)))
  if (filter !== undefined) return list.filter((item) => dig(item, ...filter.split('.')) === wanted)
  const key = quoted ?? plain?.replaceAll('\\', '') ?? ''
  return isObject(value) && Object.hasOwn(value, key) ? present(value[key]) : []
}

function present(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value]
}
