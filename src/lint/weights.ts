// Weights that do not say what their author means: a sum other than 100, a lone weight, the larger share on the newer version
// (istio.md 1.7, 9.6).

import type { HttpRouteDestination } from '../api/istio-virtual-service.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'
import { sum } from '../std/sum.ts'

/** Problems of the weights of every HTTP rule. What a Canary owns is left to its controller. */
export function lintWeights(mesh: Mesh): ObjectProblem[] {
  return rulesOf(mesh)
    .filter(({ virtualService }) => !(virtualService.metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Canary'))
    .flatMap(lintRule)
}

function lintRule({ rule, place }: PlacedRule): ObjectProblem[] {
  const route = rule.route ?? []
  const [only] = route
  if (route.length === 1 && only?.weight !== undefined && only.weight > 0 && only.weight !== 100) {
    return [problem('weight-alone', within(place, 'route[0].weight'), [only.weight])]
  }
  const total = sum(route.map(({ weight = 0 }) => weight))
  if (route.length < 2 || total <= 0) return []
  const problems: ObjectProblem[] = []
  if (total !== 100) problems.push(problem('weights-not-100', within(place, 'route'), [total, sharesText(route, total)]))
  const newest = newestOf(route)
  if (newest !== undefined && isReversed(newest, route, total)) {
    problems.push(problem('weights-reversed', within(place, 'route'), [sharesText(route, total), labelOf(newest)]))
  }
  return problems
}

function isReversed(newest: HttpRouteDestination, route: readonly HttpRouteDestination[], total: number): boolean {
  const weight = newest.weight ?? 0
  return weight * 2 > total && weight < total && route.length > 1
}

/** `v1 50 %, v2 50 %`: what each destination really gets. */
export function sharesText(route: readonly HttpRouteDestination[], total: number): string {
  return route.map((listed) => `${labelOf(listed)} ${percent((listed.weight ?? 0) / total)} %`).join(', ')
}

function percent(share: number): string {
  return String(Math.round(share * 10_000) / 100)
}

function labelOf({ destination }: HttpRouteDestination): string {
  return destination.subset === undefined || destination.subset === '' ? destination.host : destination.subset
}

/** The destination whose name says that it is the newest: `canary` beside `stable` or `primary`, else the highest version number. */
function newestOf(route: readonly HttpRouteDestination[]): HttpRouteDestination | undefined {
  const ranks = route.map((listed) => rankOf(labelOf(listed)))
  if (ranks.some((rank) => rank === undefined)) return undefined
  let best = 0
  for (const at of ranks.keys()) if (compareRanks(ranks[at] ?? [], ranks[best] ?? []) > 0) best = at
  const newest = ranks[best] ?? []
  return ranks.every((rank, at) => at === best || compareRanks(newest, rank ?? []) > 0) ? route[best] : undefined
}

/** Words rank below and above numbers of each other only: stable 0, canary 1; `v1.10` is [1, 10]. */
function rankOf(name: string): readonly number[] | undefined {
  const host = name.split('.')[0] ?? name
  if (/(^|-)(canary|next|new|preview|candidate)$/.test(host)) return [Number.POSITIVE_INFINITY]
  if (/(^|-)(stable|primary|baseline|production|prod|current|old)$/.test(host)) return [-1]
  const version = /(?:^|-)v?(\d+(?:[.-]\d+)*)$/.exec(name)?.[1]
  return version?.split(/[.-]/).map(Number)
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const left = a[at] ?? 0
    const right = b[at] ?? 0
    if (left !== right) return left > right ? 1 : -1
  }
  return 0
}
