// What of Flagger's kinds is accepted and not acted on is named: in kubectl's Warnings, in Events and in the log.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventsOf } from './canary-guide.ts'
import { KUBECTL_FOUND, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

const OBJECTS = `apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: default}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - {name: api, image: serin/demo, envFrom: [{configMapRef: {name: colours, optional: true}}]}
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: api, namespace: default}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  service:
    port: 80
    gatewayRefs: [{name: public}]
    corsPolicy: {allowMethods: [GET]}
  analysis:
    interval: 5s
    threshold: 1
    stepWeight: 50
`
const MISTAKEN = `apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: default}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  service: {port: 80}
  analysis: {interval: 1m, threshold: 1, iterations: 5, metrics: [{name: latency}]}
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: latency, namespace: default}
spec:
  provider: {type: prometheus, address: http://prometheus}
  query: 'rate(x[{{ intervall }}])'
`

let serin: Serin

beforeAll(async () => {
  if (KUBECTL_FOUND) serin = await startSerin()
})

afterAll(() => serin?.stop())

it.skipIf(!KUBECTL_FOUND)('kubectl: fields of a Canary without effect come back as Warnings, as Events and in the log', async () => {
  const { stderr } = await serin.kubectl(['apply', '-f', '-'], { input: OBJECTS })
  const warned = stderr.split('\n').filter((line) => line.includes('spec.service') || line.includes('spec.a') || line.includes('targetRef'))
  expect(warned.toSorted()).toEqual([
    'Warning: spec.analysis.interval: 5s is below the shortest, 10s, which is used [read-otherwise]',
    'Warning: spec.service.gatewayRefs: gatewayRefs is accepted but not applied yet [not-applied-yet]'
  ])
  const message = 'canary api.default: spec.service.gatewayRefs is accepted but not acted on yet'
  await until('an Event', async () => (await eventsOf(serin, 'default', 'api')).includes(`Warning ${message}`))
  await serin.said(message)
})

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: a Canary whose metric has no source is not acted on, and a MetricTemplate has a mistake; both say so',
  async () => {
    const { stderr } = await serin.kubectl(['apply', '-f', '-'], { input: MISTAKEN })
    const because = 'latency has no query and no templateRef, and is neither request-success-rate nor request-duration'
    const refused = `spec.analysis.metrics[0]: ${because}; the Canary is not acted on [canary-refused]`
    expect(stderr).toContain(`Warning: ${refused}\n`)
    expect(stderr).toContain(
      'Warning: spec.query: line 1: function "intervall" not defined: checks with it hold their Canary [read-otherwise]\n'
    )
    const message = `canary web.default is not acted on: spec.analysis.metrics[0] ${because}`
    await until('an Event', async () => (await eventsOf(serin, 'default', 'web')).includes(`Warning ${message}`))
    await serin.said('MetricTemplate default/latency')
    await serin.said(message)
    // By the controller, and not by lint once more.
    expect(serin.lines.filter((line) => line.includes('Canary default/'))).toEqual([])
    expect((await eventsOf(serin, 'default', 'web')).filter((line) => line.includes(because))).toEqual([`Warning ${message}`])
  }
)
