// Which kinds are served: those given at the start, and those that stored CustomResourceDefinitions describe.

import type { KindSpec } from '../api/kind.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KindRules, Served } from './kind-rules.ts'

/** Group and plural of CustomResourceDefinitions. */
export const DEFINITIONS = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' } as const

/** True for a CustomResourceDefinition. */
export function isDefinition(object: KubeObject): boolean {
  return object.kind === 'CustomResourceDefinition' && object.apiVersion.startsWith(`${DEFINITIONS.group}/`)
}

/** A resource's place among all resources. */
export function tableName(group: string, resource: string): string {
  return `${group}/${resource}`
}

/** The kinds served. Owns the list, which is replaced, never changed in place. Kinds given at the start win over definitions. */
export class Registry {
  readonly #given: readonly KindSpec[]
  readonly #defined = new Map<string, KindSpec>()
  #kinds: readonly KindSpec[]
  #byTable: ReadonlyMap<string, KindSpec>

  constructor(given: readonly KindSpec[]) {
    this.#given = given
    this.#kinds = given
    this.#byTable = index(given)
  }

  get kinds(): readonly KindSpec[] {
    return this.#kinds
  }

  /** A resource in a served version; undefined when there is none. */
  find(ref: ResourceRef): Served | undefined {
    const spec = this.#byTable.get(tableName(ref.group, ref.resource))
    const version = spec?.versions.find((other) => other.name === ref.version && other.served)
    return spec === undefined || version === undefined ? undefined : { spec, version }
  }

  spec(group: string, resource: string): KindSpec | undefined {
    return this.#byTable.get(tableName(group, resource))
  }

  /** The kind that the definition of this name gave; undefined when it gave none, or one that was there from the start. */
  defined(name: string): KindSpec | undefined {
    return this.#defined.get(name)
  }

  /** Serves what `definition` describes. */
  define(definition: KubeObject, rules: Pick<KindRules, 'kindOf'>): void {
    const kind = rules.kindOf(definition)
    if (kind === undefined || this.#given.some((spec) => spec.group === kind.group && spec.plural === kind.plural)) return
    this.#defined.set(definition.metadata.name ?? '', kind)
    this.#refresh()
  }

  /** Stops serving what the definition of this name described; that kind, if it was served. */
  undefine(name: string): KindSpec | undefined {
    const kind = this.#defined.get(name)
    if (kind === undefined) return undefined
    this.#defined.delete(name)
    this.#refresh()
    return kind
  }

  #refresh(): void {
    this.#kinds = [...this.#given, ...this.#defined.values()]
    this.#byTable = index(this.#kinds)
  }
}

function index(kinds: readonly KindSpec[]): ReadonlyMap<string, KindSpec> {
  return new Map(kinds.map((spec) => [tableName(spec.group, spec.plural), spec]))
}
