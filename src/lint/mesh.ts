// What every analysis reads: the objects it is about, and what is around them.

import type { HttpRoute, VirtualService } from '../api/istio-virtual-service.ts'
import { referTo } from '../route/catalogue.ts'
import type { Place } from '../route/catalogue.ts'
import type { MeshConfig } from '../route/mesh-config.ts'
import type { Around } from './around.ts'

/** The input of an analysis. */
export interface Mesh {
  /** Its subjects: what is wrong with these is asked. */
  readonly config: MeshConfig
  /** All that they are looked at with. */
  readonly around: Around
  /** `all`: what is not among the objects does not exist; `some`: pods and templates may be elsewhere. */
  readonly pods: 'all' | 'some'
}

/** An HTTP rule with the place where it stands. */
export interface PlacedRule {
  readonly virtualService: VirtualService
  readonly rule: HttpRoute
  readonly index: number
  readonly place: Place
}

/** Every HTTP rule of every VirtualService, in order. */
export function rulesOf(mesh: Mesh): PlacedRule[] {
  return mesh.config.virtualServices.flatMap((virtualService) =>
    (virtualService.spec.http ?? []).map((rule, index) => ({
      virtualService,
      rule,
      index,
      place: { object: referTo('VirtualService', virtualService), path: `spec.http[${index}]` }
    }))
  )
}

/** A place below another. */
export function within(place: Place, path: string): Place {
  return { object: place.object, path: `${place.path}.${path}` }
}
