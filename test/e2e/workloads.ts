// What the guides take for granted: Services and Deployments of the demo application, as documents for `kubectl apply -f -`.

/** A version of an application: Deployment `<app>-<version>`, pods with both labels. */
export interface Version {
  readonly app: string
  readonly version: string
  readonly image: string
  readonly replicas?: number
  readonly namespace?: string
  /** Instead of the image's own. */
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A Service whose ports lead to 8080 of the pods with its name as `app`, or of those that `selector` says. */
export function service(name: string, ports: readonly number[] = [8080], selector: object = { app: name }): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector, ports: ports.map((port) => ({ name: `http-${port}`, port, targetPort: 8080 })) }
  }
}

/** A Deployment whose pods are ready as soon as they answer. */
export function deployment({ app, version, image, replicas = 1, namespace = 'default', command, environment = {} }: Version): object {
  const labels = { app, version }
  const readinessProbe = { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1 }
  const own = command === undefined ? {} : { command }
  const env = Object.entries(environment).map(([name, value]) => ({ name, value }))
  const container = { name: app, image, ...own, env, ports: [{ containerPort: 8080 }], readinessProbe }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${app}-${version}`, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } }
  }
}

/** The objects as text for kubectl's standard input. */
export function documents(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n')
}

/** The objects as the text of a file for `-f`. */
export function manifest(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n')
}

/** What the spec of a VirtualService says to split `host` over its subsets, also as a merge patch. */
export function weights(host: string, shares: Readonly<Record<string, number>>): object {
  const route = Object.entries(shares).map(([subset, weight]) => ({ destination: { host, subset }, weight }))
  return { http: [{ route }] }
}
