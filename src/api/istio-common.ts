// What several kinds of networking.istio.io share: status, destinations, header edits, selectors, ports.

import type { Infer } from './schema-builder.ts'
import { array, choice, double, int32, intOrString, map, object, required, ruled, string, uint32 } from './schema-builder.ts'
import type { Typed } from './schema-builder.ts'
import type { Schema } from './schema.ts'

const keepUnknown: Schema = { 'x-kubernetes-preserve-unknown-fields': true }
const wholeOrText: Schema = { anyOf: [{ type: 'integer' }, { type: 'string' }] }
const generation = intOrString('Generation that was looked at.', wholeOrText)

/** A duration of 1 ms or more. */
export function duration(description: string): Typed<string> {
  return ruled(string(description), ["duration(self) >= duration('1ms')", 'must be a valid duration greater than 1ms'])
}

/** A port from 1 to 65535. */
export function port(description: string): Typed<number> {
  return ruled(uint32(description), ['self >= 1 && self <= 65535', 'port must be between 1-65535'])
}

/** status of every kind of Istio's. */
export const istioStatus = object(
  'What Istio concluded about this object.',
  {
    conditions: array(
      'Current conditions.',
      object('A condition.', {
        lastProbeTime: string('When it was last looked at.', { format: 'date-time' }),
        lastTransitionTime: string('When it last changed.', { format: 'date-time' }),
        message: string('Details for people.'),
        observedGeneration: generation,
        reason: string('One word for the last change.'),
        status: string('True, False or Unknown.'),
        type: string('Which condition.')
      })
    ),
    observedGeneration: generation,
    validationMessages: array(
      'Findings of the analyzers.',
      object('A finding.', {
        documentationUrl: string('Where it is explained.'),
        level: choice('How bad it is.', 'UNKNOWN', 'ERROR', 'WARNING', 'INFO'),
        type: object('Which finding.', { code: string('Code such as IST0101.'), name: string('Name of the code.') })
      })
    )
  },
  keepUnknown
)
/** status of every kind of Istio's. */
export type IstioStatus = Infer<typeof istioStatus>

/** A port named by its number. */
export const portSelector = object('Port of the host.', { number: uint32('Port number.') })

/** Where requests go: a host, one of its subsets, one of its ports. */
export const destination = object('A host to send to.', {
  host: required(string('Name of a service in the registry.')),
  port: portSelector,
  subset: string('Name of a subset of its DestinationRule.')
})
/** Where requests go. */
export type Destination = Infer<typeof destination>

const headerOperations = object('Edits in one direction.', {
  add: map('Values appended to headers.', string('Value.')),
  remove: array('Headers to remove.', string('Header name.')),
  set: map('Headers overwritten.', string('Value.'))
})
/** Header edits, as the CRD has them. */
export type HeaderOperations = Infer<typeof headerOperations>

/** Header edits on requests and responses. */
export const headersRules = object('Header edits.', { request: headerOperations, response: headerOperations })
/** Header edits on requests and responses. */
export type HeadersRules = Infer<typeof headersRules>

/** A share of 0 to 100. */
export const percentage = object('A share.', { value: double('From 0 to 100.') })

/** Labels of the pods that an object applies to. */
export const labelledWorkloads = object('Which workloads it applies to; absent: all of the namespace.', {
  labels: map(
    'Labels that pods must have.',
    ruled(string('Label value.', { maxLength: 63 }), ["!self.contains('*')", 'wildcard is not supported in selector']),
    { maxProperties: 256 }
  )
})

/** The same selector as newer kinds spell it. */
export const matchedWorkloads = object('Which workloads it applies to; absent: all of the namespace.', {
  matchLabels: ruled(
    map(
      'Labels that pods must have.',
      ruled(string('Label value.', { maxLength: 63 }), ["!self.contains('*')", 'wildcard not allowed in label value match']),
      { maxProperties: 4096 }
    ),
    ["self.all(key, !key.contains('*'))", 'wildcard not allowed in label key match'],
    ["self.all(key, key != '')", 'key must not be empty']
  )
})

/** Where an object may be seen from. */
export const exportTo = array('Namespaces that see it: names, "." (this one), "*" (all).', string('Namespace.'))

/** A signed 32-bit weight. */
export const weight = int32('Share of the traffic; alone: all of it.')

/** An object that a policy applies to, of its own namespace. */
export const targetRef = object('An object it applies to.', {
  group: string('Its API group.', {
    maxLength: 253,
    pattern: '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
  }),
  kind: required(string('Its kind.', { minLength: 1, maxLength: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' })),
  name: required(string('Its name.', { minLength: 1, maxLength: 253 })),
  namespace: ruled(string('Not in use.'), ["self == ''", 'cross namespace referencing is not currently supported'])
})
