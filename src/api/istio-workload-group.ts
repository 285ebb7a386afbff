// WorkloadGroup (networking.istio.io): the template from which WorkloadEntries are made. Stored and shown, not acted on.

import { port } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import { workloadTemplate } from './istio-workload-entry.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, atMostOne, int32, map, object, required, ruled, string } from './schema-builder.ts'

const atLeastZero = { minimum: 0 }
const host = string('Host to ask; absent: the workload.')
const number = port('Port number.')

const probe = object(
  'How readiness is asked for.',
  {
    exec: object('By a command.', { command: required(array('Command and arguments.', string('Part.', { minLength: 1 }))) }),
    failureThreshold: int32('Failures before it is not ready.', atLeastZero),
    grpc: object('By the gRPC health service.', { port: number, service: string('Service asked about.') }),
    httpGet: object('By an HTTP request.', {
      host,
      httpHeaders: array(
        'Headers to send.',
        object('A header.', { name: string('Name.', { pattern: '^[-_A-Za-z0-9]+$' }), value: string('Value.') })
      ),
      path: string('Path to ask.'),
      port: required(number),
      scheme: ruled(string('HTTP or HTTPS.'), ["self in ['', 'HTTP', 'HTTPS']", 'scheme must be one of [HTTP, HTTPS]'])
    }),
    initialDelaySeconds: int32('Wait before the first probe.', atLeastZero),
    periodSeconds: int32('Time between probes.', atLeastZero),
    successThreshold: int32('Successes before it is ready.', atLeastZero),
    tcpSocket: object('By connecting.', { host, port: required(number) }),
    timeoutSeconds: int32('Limit of one probe.', atLeastZero)
  },
  atMostOne('httpGet', 'tcpSocket', 'exec', 'grpc')
)

/** spec of a WorkloadGroup. */
export const workloadGroupSpec = object('Template of WorkloadEntries.', {
  metadata: object('Metadata of the entries.', {
    annotations: map('Annotations.', string('Value.'), { maxProperties: 256 }),
    labels: map('Labels.', string('Value.'), { maxProperties: 256 })
  }),
  probe,
  template: required(workloadTemplate)
})
/** spec of a WorkloadGroup. */
export type WorkloadGroupSpec = Infer<typeof workloadGroupSpec>

/** Template of WorkloadEntries. */
export interface WorkloadGroup extends KubeObject {
  readonly kind: 'WorkloadGroup'
  readonly spec: WorkloadGroupSpec
  readonly status?: IstioStatus
}
