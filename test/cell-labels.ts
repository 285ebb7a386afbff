// Labels of a cell of metrics for tests: the gateway calls reviews v1.

import type { CellLabels } from '../src/metrics/recorder.ts'

/** As the called side reports them, unless `over` says otherwise. */
export function cellLabels(over: Partial<CellLabels> = {}): CellLabels {
  return {
    reporter: 'destination',
    sourceWorkload: 'istio-ingressgateway',
    sourceNamespace: 'istio-system',
    sourceApp: 'istio-ingressgateway',
    sourceVersion: 'unknown',
    destinationWorkload: 'reviews-v1',
    destinationNamespace: 'default',
    destinationApp: 'reviews',
    destinationVersion: 'v1',
    destinationService: 'reviews.default.svc.cluster.local',
    destinationServiceName: 'reviews',
    destinationServiceNamespace: 'default',
    ...over
  }
}
