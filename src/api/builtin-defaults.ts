// What the API server fills into built-in objects that leave it out (kubernetes.md 3.14). Addresses, node ports, names and times are given
// elsewhere. Values are never replaced; the input is not changed.

import { isObject } from '../std/json.ts'
import { DEFAULT_METRICS } from './autoscaler-versions.ts'
import { base64Of } from './builtin-base64.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The object of the message `name` with its defaults: pods and pod templates, Deployments, ReplicaSets, DaemonSets, autoscalers, Services, Secrets (stringData goes into
 * data), Endpoints and EndpointSlices. Other kinds come back as they are. The object must have been decoded (decodeBuiltin).
 */
export function defaultBuiltin(name: string, object: Fields): Fields {
  switch (name) {
    case 'Pod':
      return { ...object, spec: podOnly(podSpec(fieldsIn(object['spec']))) }
    case 'Deployment':
      return { ...object, spec: deploymentSpec(fieldsIn(object['spec'])) }
    case 'ReplicaSet':
      return { ...object, spec: withTemplate({ replicas: 1, ...fieldsIn(object['spec']) }) }
    case 'DaemonSet':
      return { ...object, spec: daemonSetSpec(fieldsIn(object['spec'])) }
    case 'HorizontalPodAutoscaler':
      return autoscaler(object)
    case 'V1HorizontalPodAutoscaler':
      return { ...object, spec: { minReplicas: 1, ...fieldsIn(object['spec']) } }
    case 'Service':
      return change({ ...object, spec: serviceSpec(fieldsIn(object['spec'])) }, 'status', serviceStatus)
    case 'Secret':
      return secret(object)
    case 'Endpoints':
      return change(
        object,
        'subsets',
        each((subset) =>
          change(
            subset,
            'ports',
            each((port) => ({ protocol: 'TCP', ...port }))
          )
        )
      )
    case 'EndpointSlice':
      return change(
        object,
        'ports',
        each((port) => ({ name: '', protocol: 'TCP', ...port }))
      )
    default:
      return object
  }
}

function deploymentSpec(spec: Fields): Fields {
  const strategy = { type: 'RollingUpdate', ...fieldsIn(spec['strategy']) }
  const rolling = { maxUnavailable: '25%', maxSurge: '25%', ...fieldsIn(fieldsIn(spec['strategy'])['rollingUpdate']) }
  const full = strategy.type === 'RollingUpdate' ? { ...strategy, rollingUpdate: rolling } : strategy
  return withTemplate({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, ...spec, strategy: full })
}

function daemonSetSpec(spec: Fields): Fields {
  const strategy = { type: 'RollingUpdate', ...fieldsIn(spec['updateStrategy']) }
  const rolling = daemonBounds(fieldsIn(fieldsIn(spec['updateStrategy'])['rollingUpdate']))
  const full = strategy.type === 'RollingUpdate' ? { ...strategy, rollingUpdate: rolling } : strategy
  return withTemplate({ revisionHistoryLimit: 10, ...spec, updateStrategy: full })
}

// Who asks for a surge must say that no pod may be missing: the server does not.
function daemonBounds(given: Fields): Fields {
  return { maxUnavailable: 1, maxSurge: 0, ...given }
}

const UP_POLICIES = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 }
]
const DOWN_POLICIES = [{ type: 'Percent', value: 100, periodSeconds: 15 }]

function autoscaler(object: Fields): Fields {
  const spec = { minReplicas: 1, metrics: DEFAULT_METRICS, ...fieldsIn(object['spec']) }
  const behavior = (given: unknown): Fields => {
    const { scaleUp, scaleDown } = fieldsIn(given)
    return {
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: UP_POLICIES, ...fieldsIn(scaleUp) },
      scaleDown: { selectPolicy: 'Max', policies: DOWN_POLICIES, ...fieldsIn(scaleDown) }
    }
  }
  return { ...object, spec: change(spec, 'behavior', behavior) }
}

function withTemplate(spec: Fields): Fields {
  if (!isObject(spec['template'])) return spec
  const template: Fields = spec['template']
  return { ...spec, template: { ...template, metadata: fieldsIn(template['metadata']), spec: podSpec(fieldsIn(template['spec'])) } }
}

function podSpec(spec: Fields): Fields {
  const account = spec['serviceAccountName'] ?? spec['serviceAccount']
  const full: Fields = {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...(account !== undefined && { serviceAccountName: account, serviceAccount: account })
  }
  return ['containers', 'initContainers', 'ephemeralContainers'].reduce<Fields>(
    (done, list) =>
      change(
        done,
        list,
        each((item) => hostPorts(container(item), spec['hostNetwork'] === true))
      ),
    change(full, 'volumes', each(volume))
  )
}

// Only in a Pod itself, not in templates. Priority and tolerations are what the default admission plugins give.
function podOnly(spec: Fields): Fields {
  const withRequests = each((item) => change(item, 'resources', (resources) => requests(fieldsIn(resources))))
  const tolerations = tolerationsOf(spec['tolerations'])
  const full: Fields = { enableServiceLinks: true, priority: 0, preemptionPolicy: 'PreemptLowerPriority', ...spec, tolerations }
  return ['containers', 'initContainers'].reduce<Fields>((done, list) => change(done, list, withRequests), full)
}

const NODE_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const TOLERATION_SECONDS_DEFAULT = 300

function tolerationsOf(given: unknown): readonly unknown[] {
  const own: readonly unknown[] = Array.isArray(given) ? given : []
  const covers = (key: string): boolean =>
    own.some((one) => {
      const { key: ownKey = '', effect = '' } = fieldsIn(one)
      return (ownKey === key || ownKey === '') && (effect === 'NoExecute' || effect === '')
    })
  const missing = NODE_TAINTS.filter((key) => !covers(key))
  return [
    ...own,
    ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS_DEFAULT }))
  ]
}

function requests(resources: Fields): Fields {
  if (!isObject(resources['limits'])) return resources
  return { ...resources, requests: { ...resources['limits'], ...fieldsIn(resources['requests']) } }
}

function container(item: Fields): Fields {
  const full: Fields = {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(item['image']),
    ...item
  }
  const withProbes = ['livenessProbe', 'readinessProbe', 'startupProbe'].reduce<Fields>((done, name) => change(done, name, probe), full)
  const withHooks = change(withProbes, 'lifecycle', (hooks) =>
    ['postStart', 'preStop'].reduce<Fields>((done, name) => change(done, name, httpGet), fieldsIn(hooks))
  )
  const withEnv = change(
    withHooks,
    'env',
    each((variable) => change(variable, 'valueFrom', (from) => change(fieldsIn(from), 'fieldRef', fieldRef)))
  )
  return change(
    withEnv,
    'ports',
    each((port) => ({ protocol: 'TCP', ...port }))
  )
}

function hostPorts(item: Fields, hostNetwork: boolean): Fields {
  if (!hostNetwork) return item
  return change(
    item,
    'ports',
    each((port) => ({ hostPort: port['containerPort'], ...port }))
  )
}

/** Always for images tagged `latest` or not at all, IfNotPresent for other tags and for digests. */
export function pullPolicy(image: unknown): 'Always' | 'IfNotPresent' {
  const text = typeof image === 'string' ? image : ''
  if (text.includes('@')) return 'IfNotPresent'
  const tag = /:([^:/]+)$/.exec(text)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function probe(value: unknown): Fields {
  const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
  return change(httpGet({ ...times, ...fieldsIn(value) }), 'grpc', (grpc) => ({ service: '', ...fieldsIn(grpc) }))
}

function httpGet(action: unknown): Fields {
  return change(fieldsIn(action), 'httpGet', (get) => ({ path: '/', scheme: 'HTTP', ...fieldsIn(get) }))
}

function fieldRef(value: unknown): Fields {
  return { apiVersion: 'v1', ...fieldsIn(value) }
}

const MODED = ['secret', 'configMap', 'downwardAPI', 'projected']
const MODE_DEFAULT = 0o644
const TOKEN_SECONDS_DEFAULT = 3600

function volume(item: Fields): Fields {
  if (Object.keys(item).length === 1 && item['name'] !== undefined) return { ...item, emptyDir: {} }
  const moded = MODED.reduce<Fields>(
    (done, source) => change(done, source, (value) => ({ defaultMode: MODE_DEFAULT, ...fieldsIn(value) })),
    item
  )
  const typed = change(moded, 'hostPath', (path) => ({ type: '', ...fieldsIn(path) }))
  const files = each((file) => change(file, 'fieldRef', fieldRef))
  const named = change(typed, 'downwardAPI', (source) => change(fieldsIn(source), 'items', files))
  const token = (value: unknown): Fields => ({ expirationSeconds: TOKEN_SECONDS_DEFAULT, ...fieldsIn(value) })
  const source = each((one) =>
    change(change(one, 'serviceAccountToken', token), 'downwardAPI', (value) => change(fieldsIn(value), 'items', files))
  )
  return change(named, 'projected', (projected) => change(fieldsIn(projected), 'sources', source))
}

const AFFINITY_SECONDS_DEFAULT = 10_800

function serviceSpec(spec: Fields): Fields {
  const type = spec['type'] ?? 'ClusterIP'
  const outer = type === 'NodePort' || type === 'LoadBalancer'
  const clientIP = { clientIP: { timeoutSeconds: AFFINITY_SECONDS_DEFAULT } }
  const full: Fields = {
    sessionAffinity: 'None',
    ...(spec['sessionAffinity'] === 'ClientIP' && { sessionAffinityConfig: clientIP }),
    ...(outer && { externalTrafficPolicy: 'Cluster' }),
    ...(type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: true }),
    ...(type !== 'ExternalName' && { internalTrafficPolicy: 'Cluster', ...families(spec) }),
    ...spec,
    type
  }
  return change(full, 'ports', each(servicePort))
}

function serviceStatus(status: unknown): Fields {
  const ingress = each((entry) => (entry['ip'] === undefined ? entry : { ipMode: 'VIP', ...entry }))
  return change(fieldsIn(status), 'loadBalancer', (balancer) => change(fieldsIn(balancer), 'ingress', ingress))
}

// A headless Service without a selector may have endpoints of any family.
function families(spec: Fields): Fields {
  const open = spec['clusterIP'] === 'None' && Object.keys(fieldsIn(spec['selector'])).length === 0
  return open && spec['ipFamilies'] === undefined && spec['ipFamilyPolicy'] === undefined
    ? { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }
    : { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
}

// A port 0 of Go's JSON means that the port is not given.
function servicePort(port: Fields): Fields {
  const target = port['targetPort']
  const given = target !== undefined && target !== 0 && target !== ''
  return { protocol: 'TCP', ...port, targetPort: given ? target : port['port'] }
}

function secret(object: Fields): Fields {
  const { stringData, ...rest } = object
  const typed = { type: 'Opaque', ...rest }
  if (!isObject(stringData)) return typed
  const encoder = new TextEncoder()
  const encoded = Object.entries(stringData).map(([key, text]) => [key, base64Of(encoder.encode(String(text)))] as const)
  return { ...typed, data: { ...fieldsIn(object['data']), ...Object.fromEntries(encoded) } }
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}

function change(object: Fields, name: string, by: (value: unknown) => unknown): Fields {
  return object[name] === undefined || object[name] === null ? object : { ...object, [name]: by(object[name]) }
}

function each(by: (item: Fields) => Fields): (value: unknown) => unknown {
  return (value) => (Array.isArray(value) ? value.map((item: unknown) => by(fieldsIn(item))) : value)
}
