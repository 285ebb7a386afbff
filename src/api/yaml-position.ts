// Where the value at a field path begins in a composed YAML document.

import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { YAMLMap } from 'yaml'

/** The node at `path` (`spec.http[0].route`) under `root`, or the nearest one around it. Keys may contain dots: the longest fits. */
export function findNode(root: unknown, path: string): unknown {
  let node = root
  let rest = path
  while (rest !== '') {
    const next = step(node, rest)
    if (next === undefined) return node
    node = next.node
    rest = next.rest
  }
  return node
}

/** The offset at which a node begins; 0 for none. */
export function startOf(node: unknown): number {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0
}

interface Step {
  readonly node: unknown
  readonly rest: string
}

function step(node: unknown, path: string): Step | undefined {
  const index = /^\[(\d{1,9})\]\.?/.exec(path)
  if (index !== null) {
    const item = isSeq(node) ? node.items[Number(index[1])] : undefined
    return item === undefined ? undefined : { node: item, rest: path.slice(index[0].length) }
  }
  return isMap(node) ? stepInto(node, path) : undefined
}

function stepInto(map: YAMLMap, path: string): Step | undefined {
  let best: (Step & { readonly length: number }) | undefined
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : ''
    const rest = path.slice(key.length)
    if (key.length <= (best?.length ?? 0) || !path.startsWith(key) || !/^($|\.|\[)/.test(rest)) continue
    best = { node: pair.value ?? pair.key, rest: rest.replace(/^\./, ''), length: key.length }
  }
  return best
}
