// Volumes of pods as readonly types. A test holds these types against the field tables.

import type { Quantity } from './builtin-types-pod.ts'

/** A field of the pod itself. */
export interface ObjectFieldSelector {
  readonly apiVersion?: string
  readonly fieldPath: string
}

/** A limit or request of a container. */
export interface ResourceFieldSelector {
  readonly containerName?: string
  readonly resource: string
  readonly divisor?: Quantity
}

/** Where a volume appears in a container. */
export interface VolumeMount {
  readonly name: string
  readonly readOnly?: boolean
  readonly recursiveReadOnly?: string
  readonly mountPath: string
  readonly subPath?: string
  readonly mountPropagation?: 'Bidirectional' | 'HostToContainer' | 'None'
  readonly subPathExpr?: string
}

/** A folder for containers; only the sources that Serin acts on are listed here. */
export interface Volume {
  readonly name: string
  readonly hostPath?: HostPathVolumeSource
  readonly emptyDir?: EmptyDirVolumeSource
  readonly secret?: SecretVolumeSource
  readonly persistentVolumeClaim?: PersistentVolumeClaimVolumeSource
  readonly downwardAPI?: DownwardAPIVolumeSource
  readonly configMap?: ConfigMapVolumeSource
  readonly projected?: ProjectedVolumeSource
}

/** An entry and the file it becomes. */
export interface KeyToPath {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

/** Files from a Secret. */
export interface SecretVolumeSource {
  readonly secretName?: string
  readonly items?: readonly KeyToPath[]
  readonly defaultMode?: number
  readonly optional?: boolean
}

/** Files from a ConfigMap. */
export interface ConfigMapVolumeSource {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
  readonly defaultMode?: number
  readonly optional?: boolean
}

/** An empty folder that lives as long as the pod. */
export interface EmptyDirVolumeSource {
  readonly medium?: string
  readonly sizeLimit?: Quantity
}

/** A folder of the machine. */
export interface HostPathVolumeSource {
  readonly path: string
  readonly type?: '' | 'BlockDevice' | 'CharDevice' | 'Directory' | 'DirectoryOrCreate' | 'File' | 'FileOrCreate' | 'Socket'
}

/** A claim by name. */
export interface PersistentVolumeClaimVolumeSource {
  readonly claimName: string
  readonly readOnly?: boolean
}

/** Files about the pod. */
export interface DownwardAPIVolumeSource {
  readonly items?: readonly DownwardAPIVolumeFile[]
  readonly defaultMode?: number
}

/** One such file. */
export interface DownwardAPIVolumeFile {
  readonly path: string
  readonly fieldRef?: ObjectFieldSelector
  readonly resourceFieldRef?: ResourceFieldSelector
  readonly mode?: number
}

/** Several sources in one folder. */
export interface ProjectedVolumeSource {
  readonly sources?: readonly VolumeProjection[]
  readonly defaultMode?: number
}

/** One of them. */
export interface VolumeProjection {
  readonly secret?: SecretProjection
  readonly downwardAPI?: DownwardAPIProjection
  readonly configMap?: ConfigMapProjection
  readonly serviceAccountToken?: ServiceAccountTokenProjection
}

/** Files from a Secret. */
export interface SecretProjection {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

/** Files from a ConfigMap. */
export interface ConfigMapProjection {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

/** Files about the pod. */
export interface DownwardAPIProjection {
  readonly items?: readonly DownwardAPIVolumeFile[]
}

/** A token file. */
export interface ServiceAccountTokenProjection {
  readonly audience?: string
  readonly expirationSeconds?: number
  readonly path: string
}
