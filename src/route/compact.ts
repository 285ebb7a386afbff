// Changes as a worker keeps them: what came over a channel has a copy of every text and of every setting; here equal ones are one. 10,000
// hosts with five routes: 134 MB as they came, see bench/hosts.ts for what is left.

import type { Choice, Cluster, Endpoint, HostEntry, Route, RouteAction, TableChange } from './route-table.ts'

const NOTHING: readonly never[] = []

/** Owns what is shared among the changes of one message. */
export class Compactor {
  readonly #texts = new Map<string, string>()
  readonly #settings = new Map<string, object>()
  readonly #endpoints = new Map<string, Endpoint>()

  /** The same change. */
  change(change: TableChange): TableChange {
    switch (change.kind) {
      case 'put-cluster':
        return { ...change, cluster: this.#cluster(change.cluster) }
      case 'put-entry':
        return { ...change, entry: this.#entry(change.entry) }
      case 'bind':
        return { ...change, host: this.#text(change.host), entry: this.#text(change.entry), scope: this.#text(change.scope) }
      case 'put-scope':
      case 'source-labels':
      case 'unbind':
      case 'remove-scope':
      case 'remove-entry':
      case 'remove-cluster':
      case 'put-limit':
      case 'remove-limit':
      case 'put-inbound':
      case 'remove-inbound':
        return change
    }
  }

  #text(text: string): string {
    const known = this.#texts.get(text)
    if (known === undefined) this.#texts.set(text, text)
    return known ?? text
  }

  /** Settings that many have alike. */
  #shared<T extends object>(settings: T | undefined): T | undefined {
    if (settings === undefined) return undefined
    const text = JSON.stringify(settings)
    const known = this.#settings.get(text)
    if (known === undefined) this.#settings.set(text, settings)
    // Of the same text, so of the same type.
    return (known as T | undefined) ?? settings
  }

  #cluster(cluster: Cluster): Cluster {
    return {
      id: this.#text(cluster.id),
      host: this.#text(cluster.host),
      namespace: this.#text(cluster.namespace),
      serviceName: this.#text(cluster.serviceName),
      port: cluster.port,
      subset: cluster.subset === undefined ? undefined : this.#text(cluster.subset),
      endpoints: cluster.endpoints.length === 0 ? NOTHING : cluster.endpoints.map((endpoint) => this.#endpoint(endpoint)),
      balance: cluster.balance,
      hashSize: cluster.hashSize,
      warmup: this.#shared(cluster.warmup),
      localities: cluster.localities,
      panicPercent: cluster.panicPercent,
      outlier: this.#shared(cluster.outlier),
      connectTimeout: cluster.connectTimeout,
      maxConnections: cluster.maxConnections,
      maxPendingRequests: cluster.maxPendingRequests,
      maxRequests: cluster.maxRequests,
      maxRetries: cluster.maxRetries,
      maxRequestsPerConnection: cluster.maxRequestsPerConnection,
      maxConnectionDuration: cluster.maxConnectionDuration,
      idleTimeout: cluster.idleTimeout,
      keepAlive: cluster.keepAlive,
      retryBudget: this.#shared(cluster.retryBudget)
    }
  }

  #endpoint(endpoint: Endpoint): Endpoint {
    const text = JSON.stringify(endpoint)
    let known = this.#endpoints.get(text)
    if (known === undefined) {
      const { canonicalService, canonicalRevision } = endpoint
      known = {
        address: endpoint.address,
        port: endpoint.port,
        weight: endpoint.weight,
        locality: this.#text(endpoint.locality),
        priority: endpoint.priority,
        pod: this.#text(endpoint.pod),
        namespace: this.#text(endpoint.namespace),
        workload: this.#text(endpoint.workload),
        app: this.#text(endpoint.app),
        version: this.#text(endpoint.version),
        ...(canonicalService === undefined ? {} : { canonicalService: this.#text(canonicalService) }),
        ...(canonicalRevision === undefined ? {} : { canonicalRevision: this.#text(canonicalRevision) })
      }
      this.#endpoints.set(text, known)
    }
    return known
  }

  #entry(entry: HostEntry): HostEntry {
    const { id, version, host, httpsRedirect, routes, limits } = entry
    const kept = { id: this.#text(id), version, host: this.#text(host), httpsRedirect, routes: routes.map((route) => this.#route(route)) }
    return limits === undefined ? kept : { ...kept, limits }
  }

  #route(route: Route): Route {
    const { ref, path, headers, query, action, claims, limits } = route
    const virtualService = ref.virtualService === undefined ? undefined : this.#text(ref.virtualService)
    const kept: Route = {
      // Routes that no VirtualService gave have one place in common.
      ref: virtualService === undefined ? (this.#shared(ref) ?? ref) : { ...ref, virtualService },
      path: this.#shared(path) ?? path,
      headers: this.#shared(headers) ?? headers,
      query: this.#shared(query) ?? query,
      action: this.#action(action)
    }
    if (claims === undefined && limits === undefined) return kept
    return { ...kept, ...(claims === undefined ? {} : { claims }), ...(limits === undefined ? {} : { limits }) }
  }

  #action(action: RouteAction): RouteAction {
    if (action.kind !== 'forward') return action
    return {
      kind: 'forward',
      choices: action.choices.map((choice) => this.#choice(choice)),
      total: action.total,
      rewrite: action.rewrite,
      timeout: action.timeout,
      retry: this.#shared(action.retry),
      fault: action.fault,
      mirrors: action.mirrors.length === 0 ? NOTHING : action.mirrors,
      cors: this.#shared(action.cors),
      hash: action.hash.length === 0 ? NOTHING : action.hash
    }
  }

  /** A whole destination without edits is one for all routes that lead there. */
  #choice({ cluster, weight, authority, request, response }: Choice): Choice {
    const id = this.#text(cluster)
    const kept = { cluster: id, weight, authority, request, response }
    if (weight !== 1 || authority !== undefined || request !== undefined || response !== undefined) return kept
    const known = this.#settings.get(id)
    if (known === undefined) this.#settings.set(id, kept)
    // Under the id of a cluster there is nothing else: settings have the texts of objects.
    return (known as Choice | undefined) ?? kept
  }
}
