// The schema of what every object has: apiVersion, kind, metadata. Kinds add their spec and status to it.

import type { Infer, Typed } from './schema-builder.ts'
import { array, boolean, freeform, integer, map, object, required, string } from './schema-builder.ts'
import type { Schema } from './schema.ts'

const time = { format: 'date-time' }
const int64 = { format: 'int64' }

const ownerReference = object('An object that this one belongs to.', {
  apiVersion: required(string('Its API version.')),
  kind: required(string('Its kind.')),
  name: required(string('Its name.')),
  uid: required(string('Its uid.')),
  controller: boolean('Whether it is the one that manages this object.'),
  blockOwnerDeletion: boolean('Whether it waits for this object when it is deleted in the foreground.')
})

const managedFields = object('Which fields one writer set.', {
  apiVersion: string('API version of the fields.'),
  fieldsType: string('FieldsV1.'),
  fieldsV1: freeform('The set of fields.'),
  manager: string('Name of the writer.'),
  operation: string('Apply or Update.'),
  subresource: string('Subresource written.'),
  time: string('When.', time)
})

/** metadata of every object. */
export const objectMeta = object('Name, labels and what the server keeps about an object.', {
  annotations: map('Text kept with the object.', string('Value.')),
  creationTimestamp: string('When it was made; set by the server.', { ...time, nullable: true }),
  deletionGracePeriodSeconds: integer('Seconds it has to end.', int64),
  deletionTimestamp: string('When it goes; set by the server.', time),
  finalizers: array('What must be done before it goes.', string('Finalizer.'), { 'x-kubernetes-list-type': 'set' }),
  generateName: string('Start of a name that the server completes.'),
  generation: integer('Counts changes of the wanted state; set by the server.', int64),
  labels: map('Short texts to select by.', string('Value.')),
  managedFields: array('Who set which fields.', managedFields, { 'x-kubernetes-list-type': 'atomic' }),
  name: string('Name, unique among its kind and namespace.'),
  namespace: string('Namespace it is in.'),
  ownerReferences: array('Objects it belongs to; without them it is collected.', ownerReference, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['uid']
  }),
  resourceVersion: string('Changes with every write; set by the server.'),
  selfLink: string('No longer in use.'),
  uid: string('Unique for all time; set by the server.')
})
/** metadata of every object, as the schema has it. */
export type ObjectMetaFields = Infer<typeof objectMeta>

/** The schema of whole objects of a kind from the schema of its other fields; properties of that schema named like ours are ours. */
export function wholeObject(fields: Schema): Typed<unknown> {
  return {
    ...fields,
    type: 'object',
    properties: {
      apiVersion: string('API group and version.'),
      kind: string('Kind of the object.'),
      metadata: objectMeta,
      ...Object.fromEntries(Object.entries(fields.properties ?? {}).filter(([name]) => !COMMON.includes(name)))
    }
  }
}

const COMMON = ['apiVersion', 'kind', 'metadata']
