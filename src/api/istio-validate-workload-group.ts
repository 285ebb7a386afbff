// A WorkloadGroup as Istio's admission check judges it (istio.md 7.4): labels of its entries and the probe.

import { type IstioFault, refusal, refuseIf, each } from './istio-fault.ts'
import { checkHeaderName } from './istio-header-checks.ts'
import { checkLabels, checkNotNegative, checkPort } from './istio-value-checks.ts'
import type { WorkloadGroup, WorkloadGroupSpec } from './istio-workload-group.ts'

type Probe = NonNullable<WorkloadGroupSpec['probe']>

/** Everything that Istio says of a WorkloadGroup when it is written. */
export function validateWorkloadGroup({ spec }: WorkloadGroup): IstioFault[] {
  return [
    ...checkLabels(spec.metadata?.labels, 'spec.metadata.labels'),
    ...checkLabels(spec.template.labels, 'spec.template.labels'),
    ...(spec.probe === undefined ? [] : checkProbe(spec.probe, 'spec.probe'))
  ]
}

const NUMBERS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const

function checkProbe(probe: Probe, path: string): IstioFault[] {
  return [...NUMBERS.flatMap((field) => checkNotNegative(probe[field], `${path}.${field}`, field)), ...checkMethod(probe, path)]
}

function checkMethod({ httpGet, tcpSocket, exec, grpc }: Probe, path: string): IstioFault[] {
  if (httpGet !== undefined) return checkHttpGet(httpGet, `${path}.httpGet`)
  if (tcpSocket !== undefined) return checkPort(tcpSocket.port, `${path}.tcpSocket.port`)
  if (exec !== undefined) return refuseIf(exec.command.length === 0, `${path}.exec.command`, 'exec.command is required')
  if (grpc !== undefined) return checkPort(grpc.port ?? 0, `${path}.grpc.port`)
  return [refusal(path, 'a probe needs one of httpGet, tcpSocket, exec and grpc')]
}

function checkHttpGet({ port, scheme = '', httpHeaders }: NonNullable<Probe['httpGet']>, path: string): IstioFault[] {
  return [
    ...checkPort(port, `${path}.port`),
    ...refuseIf(
      !['', 'HTTP', 'HTTPS'].includes(scheme),
      `${path}.scheme`,
      `httpGet.scheme must be one of "HTTPS" or "HTTP", not "${scheme}"`
    ),
    ...each(httpHeaders, `${path}.httpHeaders`, ({ name = '' }, at) => checkHeaderName(name, `${at}.name`))
  ]
}
