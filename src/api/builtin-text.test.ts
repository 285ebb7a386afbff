import { expect, test } from 'vitest'
import { BUILTIN_MESSAGES, MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import type { FieldType } from './builtin-notation.ts'
import { describeField, describeMessage } from './builtin-text.ts'

// Kinds of volume, devices and settings that one machine without a cluster does not have: named, not described field by field.
const UNDESCRIBED =
  /^(Windows|GCEP|AWSE|GitRepo|ISCSI|Glusterfs|RBD|FlexV|Cinder|CephFS|Flocker|FCV|Azure|Vsphere|Quobyte|Photon|Portworx|ScaleIO|StorageOS|Ephemeral|PersistentVolumeClaim(Spec|T)|VolumeR|Typed|ClusterTrust|PodCert|PodRes|PodExt|NodeAlloc|ContainerExt|Resource(Health|Status)|Volume(Mount)?Status|ImageVolumeStatus|(Linux)?ContainerUser|PodSchedulingGroup)/
const UNDESCRIBED_FIELD =
  /[cC]laimStatus|resourceClaimTemplateName|Disk$|Volume$|^(awsElasticBlockStore|gitRepo|iscsi|glusterfs|rbd|cinder|cephfs|flocker|fc|azureFile|quobyte|scaleIO|storageos)$/

test('explain has a sentence for every kind and every field that a user of Serin may meet', () => {
  const silent: string[] = []
  const reached = new Set<string>()
  const visit = (message: string): void => {
    if (reached.has(message) || UNDESCRIBED.test(message)) return
    reached.add(message)
    if (describeMessage(message) === undefined) silent.push(message)
    for (const { name, type } of fieldsOf(MESSAGES, message)) {
      if (describeField(message, name) === undefined && !UNDESCRIBED_FIELD.test(name)) silent.push(`${message}.${name}`)
      for (const inner of messagesIn(type)) visit(inner)
    }
  }
  for (const { message } of BUILTIN_MESSAGES) visit(message)
  expect(silent).toEqual([])
  expect(reached.size).toBeGreaterThan(100)
})

test('a field says what is said of it, then what is said of the message it repeats, then what is said of its name', () => {
  expect(describeField('DeploymentSpec', 'replicas')).toBe('Number of pods wanted. Default: 1.')
  expect(describeField('EphemeralContainer', 'image')).toBe(describeField('Container', 'image'))
  expect(describeField('NFSVolumeSource', 'readOnly')).toBe('Whether it is mounted read-only. Default: false.')
  expect(describeField('Container', 'nope')).toBeUndefined()
})

function messagesIn(type: FieldType): readonly string[] {
  if (type.kind === 'list' || type.kind === 'map') return messagesIn(type.of)
  return type.kind === 'message' ? [type.message] : []
}
