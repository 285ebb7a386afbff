// The kinds of flagger.app as the API serves them: names and columns as in Flagger's own CRDs.

import { CUSTOM_TEXT } from './custom-text.ts'
import { alertProviderSpec } from './flagger-alert-provider.ts'
import { canarySpec, canaryStatus } from './flagger-canary.ts'
import { metricTemplateSpec } from './flagger-metric-template.ts'
import type { KindSpec, PrinterColumn } from './kind.ts'
import { wholeObject } from './object-schema.ts'
import type { Schema } from './schema.ts'

/** Canary (flagger.app/v1beta1). */
export const canaryKind = kind('Canary', 'canaries', { spec: canarySpec, status: canaryStatus }, [
  { name: 'Status', type: 'string', jsonPath: '.status.phase' },
  { name: 'Weight', type: 'string', jsonPath: '.status.canaryWeight' },
  wide('Suspended', '.spec.suspend', 'boolean'),
  wide('FailedChecks', '.status.failedChecks'),
  wide('Interval', '.spec.analysis.interval'),
  wide('Mirror', '.spec.analysis.mirror', 'boolean'),
  wide('StepWeight', '.spec.analysis.stepWeight'),
  wide('StepWeights', '.spec.analysis.stepWeights'),
  wide('MaxWeight', '.spec.analysis.maxWeight'),
  { name: 'LastTransitionTime', type: 'string', jsonPath: '.status.lastTransitionTime' }
])

/** MetricTemplate (flagger.app/v1beta1). */
export const metricTemplateKind = kind('MetricTemplate', 'metrictemplates', { spec: metricTemplateSpec }, [
  { name: 'Provider', type: 'string', jsonPath: '.spec.provider.type' }
])

/** AlertProvider (flagger.app/v1beta1). */
export const alertProviderKind = kind('AlertProvider', 'alertproviders', { spec: alertProviderSpec }, [
  { name: 'Type', type: 'string', jsonPath: '.spec.type' }
])

/** All kinds of flagger.app. */
export const FLAGGER_KINDS: readonly KindSpec[] = [canaryKind, metricTemplateKind, alertProviderKind]

function kind(
  name: keyof typeof CUSTOM_TEXT,
  plural: string,
  fields: Readonly<Record<string, Schema>>,
  columns: readonly PrinterColumn[]
): KindSpec {
  return {
    group: 'flagger.app',
    kind: name,
    listKind: `${name}List`,
    plural,
    singular: name.toLowerCase(),
    shortNames: [],
    categories: ['all'],
    scope: 'Namespaced',
    versions: [
      { name: 'v1beta1', served: true, storage: true, schema: wholeObject({ description: CUSTOM_TEXT[name], properties: fields }), columns }
    ],
    origin: 'custom',
    status: 'subresource',
    selectableFields: []
  }
}

function wide(name: string, jsonPath: string, type: PrinterColumn['type'] = 'string'): PrinterColumn {
  return { name, type, jsonPath, priority: 1 }
}
