// The parts every Kubernetes object shares, as readonly types. Kinds are described in their own modules.

/** A link to the object this one belongs to (garbage collection follows it by uid). */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** What one writer set (FieldsV1: maps of `f:<name>`). */
export interface ManagedFields {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly subresource?: string
  /** RFC 3339. */
  readonly time?: string
  readonly fieldsType?: string
  readonly fieldsV1?: Readonly<Record<string, unknown>>
}

/** metadata of a stored or sent object; the API server fills uid, resourceVersion, generation and creationTimestamp. */
export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  /** RFC 3339 to the second, UTC. */
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly ManagedFields[]
}

/** Any Kubernetes object; typed kinds (VirtualService, Deployment, ...) narrow it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** Which kind of thing: group ('' for core), version and plural resource name, e.g. {apps, v1, deployments}. */
export interface ResourceRef {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** True when `object` was created for `owner`. */
export function isOwned(object: KubeObject, owner: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.metadata.uid)
}
