// Envoy with the work that a mesh gives it: the rules of proxy-rules.ts as istiod would send them (one virtual host for each host, and one
// for what has none), with grpc_stats, fault and cors before the router, request ids, statistics, no TLS and no tracing.

import { CALLED, HOSTS_EACH, NAMES, SERVICES, hostsOf } from '../proxy-rules.ts'
import { ADDRESSES } from './backend.ts'

/** What a configuration depends on. */
export interface EnvoyOptions {
  readonly port: number
  readonly backend: number
  /** The file of Istio's access log as text; without it there is none. */
  readonly accessLog?: string | undefined
}

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http'
const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const VERSIONS = ['v1', 'v2']
/** One for each host, and `*`. */
export const VIRTUAL_HOSTS = SERVICES * HOSTS_EACH + 1
const UNBOUNDED = 4_294_967_295

// Istio's default, less the fields that only it fills.
const LOG_LINE =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% ' +
  '%DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" ' +
  '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% ' +
  '%DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'

/** A static configuration for one listener on loopback. */
export function envoyConfig({ port, backend, accessLog }: EnvoyOptions): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  const manager = { '@type': MANAGER, ...connectionManager(accessLog) }
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }]
  return {
    static_resources: {
      listeners: [{ name: 'in', address, filter_chains: [{ filters }] }],
      clusters: NAMES.flatMap((name) => VERSIONS.map((version, at) => cluster(clusterName(name, version), at * 3, backend)))
    }
  }
}

const clusterName = (name: string, version: string): string => `outbound|80|${version}|${name}.default.svc.cluster.local`

function connectionManager(accessLog: string | undefined): object {
  const file = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog'
  const log = { '@type': file, path: accessLog, log_format: { text_format_source: { inline_string: LOG_LINE } } }
  return {
    stat_prefix: 'in',
    use_remote_address: true,
    normalize_path: true,
    stream_idle_timeout: '0s',
    ...(accessLog === undefined ? {} : { access_log: [{ name: 'envoy.access_loggers.file', typed_config: log }] }),
    route_config: { name: 'http.80', virtual_hosts: virtualHosts() },
    http_filters: [
      filter('envoy.filters.http.grpc_stats', 'grpc_stats.v3.FilterConfig', { emit_filter_state: true, stats_for_all_methods: false }),
      filter('envoy.filters.http.fault', 'fault.v3.HTTPFault', {}),
      filter('envoy.filters.http.cors', 'cors.v3.Cors', {}),
      filter('envoy.filters.http.router', 'router.v3.Router', {})
    ]
  }
}

const filter = (name: string, type: string, more: object): object => ({ name, typed_config: { '@type': `${HTTP}.${type}`, ...more } })

function virtualHosts(): object[] {
  const hosts = NAMES.flatMap((name) => hostsOf(name).map((host) => ({ name: `${host}:80`, domains: [host], routes: routes(name) })))
  const called = NAMES.find((name) => hostsOf(name).includes(CALLED)) ?? ''
  return [...hosts, { name: 'any', domains: ['*'], routes: routes(called) }]
}

function routes(name: string): object[] {
  const to = (version: string): object => ({ ...POLICY, cluster: clusterName(name, version) })
  const clusters = [
    { name: clusterName(name, 'v1'), weight: 90 },
    { name: clusterName(name, 'v2'), weight: 10 }
  ]
  return [
    { match: { prefix: '/admin/' }, route: to('v1') },
    { match: { prefix: '/', headers: [{ name: 'x-canary', string_match: { exact: 'always' } }] }, route: to('v2') },
    { match: { prefix: '/', headers: [{ name: 'user-agent', string_match: { prefix: 'curl/' } }] }, route: to('v1') },
    { match: { prefix: '/' }, route: { ...POLICY, weighted_clusters: { clusters } } }
  ]
}

const POLICY = {
  timeout: '15s',
  retry_policy: {
    retry_on: 'connect-failure,refused-stream,5xx',
    num_retries: 2,
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' }
      }
    ],
    host_selection_retry_max_attempts: 5
  }
}

function cluster(name: string, first: number, port: number): object {
  const endpoints = ADDRESSES.slice(first, first + 3).map((address) => ({
    endpoint: { address: { socket_address: { address, port_value: port } } }
  }))
  const unbounded = { max_connections: UNBOUNDED, max_pending_requests: UNBOUNDED, max_requests: UNBOUNDED, max_retries: UNBOUNDED }
  return {
    name,
    type: 'STATIC',
    connect_timeout: '10s',
    lb_policy: 'LEAST_REQUEST',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    circuit_breakers: { thresholds: [unbounded] },
    outlier_detection: { consecutive_5xx: 5, interval: '10s', base_ejection_time: '30s', enforcing_success_rate: 0 }
  }
}
