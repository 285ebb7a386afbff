// The order of a merged list: the patch's order for what the patch names, the live order for the rest, interleaved as well as both allow.

import { isObject, sameJson } from '../std/json.ts'

/** Where `item` is in `list`, compared by merge `key` ('' compares whole values); -1 when it is not. */
export function indexOf(list: readonly unknown[], item: unknown, key: string): number {
  if (key === '') return list.findIndex((other) => sameJson(other, item))
  if (!isObject(item) || !Object.hasOwn(item, key)) return -1
  return list.findIndex((other) => isObject(other) && sameJson(other[key], item[key]))
}

/**
 * `merged` put in order: items named in `order` in that order, the others in the order of `live`. Both orders are kept; an item of `live` is put
 * before the first ordered item that comes after it in `live` (Kubernetes' strategic merge patch, "best effort").
 */
export function enforceOrder(
  merged: readonly unknown[],
  order: readonly unknown[],
  live: readonly unknown[],
  key: string
): readonly unknown[] {
  const ordered = sortBy(
    merged.filter((item) => indexOf(order, item, key) >= 0),
    order,
    key
  )
  const rest = sortBy(
    merged.filter((item) => indexOf(order, item, key) < 0),
    live,
    key
  )
  const result: unknown[] = []
  let taken = 0
  for (const item of ordered) {
    const at = indexOf(live, item, key)
    const until = rest.findIndex((other, index) => index >= taken && !comesBefore(indexOf(live, other, key), at))
    const end = until < 0 ? rest.length : until
    result.push(...rest.slice(taken, end), item)
    taken = end
  }
  return [...result, ...rest.slice(taken)]
}

function comesBefore(place: number, other: number): boolean {
  return place >= 0 && other >= 0 && place < other
}

function sortBy(items: readonly unknown[], order: readonly unknown[], key: string): readonly unknown[] {
  return items.toSorted((a, b) => {
    const [at, other] = [indexOf(order, a, key), indexOf(order, b, key)]
    return at >= 0 && other >= 0 ? at - other : 0
  })
}
