// Printer columns of the built-in kinds, as a real API server prints them for `kubectl get`: names, types, priorities and cells.

import { dig, isObject, listAt, textAt } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import { autoscalerCells } from './table-autoscaler.ts'
import { age } from './human-duration.ts'
import { eventCells } from './table-event.ts'
import { podCells } from './table-pod.ts'

/** A column of a Table, as meta.k8s.io sends it. */
export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

/** How a kind is printed: its columns and, per object, as many cells. */
export interface TablePrinter {
  readonly columns: readonly TableColumn[]
  cells(object: KubeObject, now: Millis): readonly unknown[]
}

const NONE = '<none>'

/** The printer of a built-in kind by `plural.group` (core kinds: `pods`); undefined where only name and age are known. */
export function builtInPrinter(resource: string): TablePrinter | undefined {
  return PRINTERS.get(resource)
}

/** Columns of an object of which only the metadata is known. */
export const NAME_AND_AGE: TablePrinter = printer('Name Age', (object, now) => [object.metadata.name, createdAgo(object, now)])

/** Columns of the scale subresource. */
export const SCALE: TablePrinter = {
  columns: columns('Name Desired:integer Available:integer Age').map((column) => ({ ...column, format: '' })),
  cells: (object, now) => [
    object.metadata.name,
    count(object, 'spec', 'replicas'),
    count(object, 'status', 'replicas'),
    createdAgo(object, now)
  ]
}

const PRINTERS: ReadonlyMap<string, TablePrinter> = new Map([
  ['pods', printer('Name Ready Status Restarts Age !IP !Node !Nominated_Node !Readiness_Gates', podCells)],
  ['deployments.apps', printer('Name Ready Up-to-date Available Age !Containers !Images !Selector', deploymentCells)],
  [
    'daemonsets.apps',
    printer(
      'Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age !Containers !Images !Selector',
      daemonSetCells
    )
  ],
  ['horizontalpodautoscalers.autoscaling', printer('Name Reference Targets MinPods MaxPods Replicas Age', autoscalerCells)],
  ['replicasets.apps', printer('Name Desired:integer Current:integer Ready:integer Age !Containers !Images !Selector', replicaSetCells)],
  ['services', printer('Name Type Cluster-IP External-IP Port(s) Age !Selector', serviceCells)],
  ['endpoints', printer('Name Endpoints Age', (object, now) => [object.metadata.name, endpointsCell(object), createdAgo(object, now)])],
  ['endpointslices.discovery.k8s.io', printer('Name AddressType Ports Endpoints Age', endpointSliceCells)],
  ['events', printer('Last_Seen Type Reason Object !Subobject !Source Message !First_Seen !Count !Name/name', eventCells)],
  ['events.events.k8s.io', printer('Last_Seen Type Reason Object !Subobject !Source Message !First_Seen !Count !Name/name', eventCells)],
  [
    'namespaces',
    printer('Name Status Age', (object, now) => [object.metadata.name, textAt(object, 'status', 'phase'), createdAgo(object, now)])
  ],
  ['configmaps', printer('Name Data Age', configMapCells)],
  ['secrets', printer('Name Type Data Age', secretCells)],
  ['serviceaccounts', printer('Name Age', (object, now) => [object.metadata.name, createdAgo(object, now)])],
  ['leases.coordination.k8s.io', printer('Name Holder Age', leaseCells)],
  [
    'customresourcedefinitions.apiextensions.k8s.io',
    printer('Name Created_At:date', (object) => [object.metadata.name, object.metadata.creationTimestamp])
  ]
])

// "Name:type", `!` before a column of -o wide, `_` for a blank; the first column names the object.
function columns(text: string): TableColumn[] {
  return text.split(' ').map((item, index) => {
    const wide = item.startsWith('!')
    const [head = '', type = 'string'] = item.replace('!', '').split(':')
    const [name = '', format = index === 0 && head === 'Name' ? 'name' : ''] = head.split('/')
    return { name: name.replace('_', ' '), type, format, description: '', priority: wide ? 1 : 0 }
  })
}

function printer(text: string, cells: TablePrinter['cells']): TablePrinter {
  return { columns: columns(text), cells }
}

function deploymentCells(object: KubeObject, now: Millis): unknown[] {
  return [
    object.metadata.name,
    `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`,
    count(object, 'status', 'updatedReplicas'),
    count(object, 'status', 'availableReplicas'),
    createdAgo(object, now),
    ...templateCells(object),
    selectorText(dig(object, 'spec', 'selector'))
  ]
}

function daemonSetCells(object: KubeObject, now: Millis): unknown[] {
  const counts = ['desiredNumberScheduled', 'currentNumberScheduled', 'numberReady', 'updatedNumberScheduled', 'numberAvailable']
  return [
    object.metadata.name,
    ...counts.map((field) => count(object, 'status', field)),
    labelsText(dig(object, 'spec', 'template', 'spec', 'nodeSelector')),
    createdAgo(object, now),
    ...templateCells(object),
    selectorText(dig(object, 'spec', 'selector'))
  ]
}

function replicaSetCells(object: KubeObject, now: Millis): unknown[] {
  return [
    object.metadata.name,
    count(object, 'spec', 'replicas'),
    count(object, 'status', 'replicas'),
    count(object, 'status', 'readyReplicas'),
    createdAgo(object, now),
    ...templateCells(object),
    selectorText(dig(object, 'spec', 'selector'))
  ]
}

function templateCells(object: KubeObject): string[] {
  const containers = listAt(object, 'spec', 'template', 'spec', 'containers')
  return ['name', 'image'].map((field) => containers.map((container) => textAt(container, field)).join(','))
}

function serviceCells(object: KubeObject, now: Millis): unknown[] {
  const type = textAt(object, 'spec', 'type')
  const ports = listAt(object, 'spec', 'ports').map((port) => {
    const node = dig(port, 'nodePort')
    return `${text(dig(port, 'port'))}${node === undefined || node === 0 ? '' : `:${text(node)}`}/${textAt(port, 'protocol')}`
  })
  return [
    object.metadata.name,
    type,
    textAt(object, 'spec', 'clusterIP') || NONE,
    externalAddress(object, type),
    ports.join(',') || NONE,
    createdAgo(object, now),
    labelsText(dig(object, 'spec', 'selector'))
  ]
}

function externalAddress(object: KubeObject, type: string): string {
  const external = listAt(object, 'spec', 'externalIPs').map(text)
  if (type === 'ExternalName') return textAt(object, 'spec', 'externalName')
  if (type !== 'LoadBalancer') return external.join(',') || NONE
  const ingress = listAt(object, 'status', 'loadBalancer', 'ingress').map((entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'))
  return [...ingress, ...external].join(',') || '<pending>'
}

// The first three of all addresses, then how many more there are.
function endpointsCell(object: KubeObject): string {
  const all = listAt(object['subsets']).flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((address) => textAt(address, 'ip'))
    const ports = listAt(subset, 'ports')
    if (ports.length === 0) return addresses
    return ports.flatMap((port) => addresses.map((address) => `${address}:${text(dig(port, 'port'))}`))
  })
  return firstThree(all, NONE)
}

function endpointSliceCells(object: KubeObject, now: Millis): unknown[] {
  const ports = listAt(object['ports']).map((port) => text(dig(port, 'port')))
  const addresses = listAt(object['endpoints']).flatMap((endpoint) => listAt(endpoint, 'addresses').map(text))
  return [
    object.metadata.name,
    textAt(object, 'addressType'),
    firstThree(ports, '<unset>'),
    firstThree(addresses, '<unset>'),
    createdAgo(object, now)
  ]
}

function firstThree(all: readonly string[], none: string): string {
  if (all.length === 0) return none
  return all.length <= 3 ? all.join(',') : `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`
}

function configMapCells(object: KubeObject, now: Millis): unknown[] {
  return [object.metadata.name, size(object['data']) + size(object['binaryData']), createdAgo(object, now)]
}

function secretCells(object: KubeObject, now: Millis): unknown[] {
  return [object.metadata.name, textAt(object, 'type'), size(object['data']), createdAgo(object, now)]
}

function leaseCells(object: KubeObject, now: Millis): unknown[] {
  return [object.metadata.name, textAt(object, 'spec', 'holderIdentity'), createdAgo(object, now)]
}

function createdAgo(object: KubeObject, now: Millis): string {
  return age(object.metadata.creationTimestamp, now)
}

function selectorText(selector: unknown): string {
  const equal = Object.entries(isObject(dig(selector, 'matchLabels')) ? (dig(selector, 'matchLabels') as object) : {})
  const labels = equal.map(([key, value]) => `${key}=${text(value)}`).sort()
  const expressions = listAt(selector, 'matchExpressions').map((expression) => {
    const key = textAt(expression, 'key')
    const operator = textAt(expression, 'operator')
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator.toLowerCase()} (${listAt(expression, 'values').map(text).sort().join(',')})`
  })
  return [...labels, ...expressions].join(',') || NONE
}

function labelsText(labels: unknown): string {
  if (!isObject(labels)) return NONE
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${text(value)}`)
  return pairs.sort().join(',') || NONE
}

function count(object: unknown, ...path: readonly string[]): number {
  const value = dig(object, ...path)
  return typeof value === 'number' ? value : 0
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function size(value: unknown): number {
  return isObject(value) ? Object.keys(value).length : 0
}
