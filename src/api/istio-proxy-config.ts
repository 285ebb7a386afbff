// ProxyConfig (networking.istio.io): settings of the proxies themselves. Stored and shown, not acted on.

import { matchedWorkloads } from './istio-common.ts'
import type { IstioStatus } from './istio-common.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { int32, map, nullable, object, string } from './schema-builder.ts'

/** spec of a ProxyConfig. */
export const proxyConfigSpec = object('Settings of proxies.', {
  concurrency: nullable(int32('Worker threads; 0: all cores.', { minimum: 0 })),
  environmentVariables: map('Environment of the proxy.', string('Value.', { maxLength: 2048 })),
  image: object('Image of the proxy.', { imageType: string('default, debug or distroless.') }),
  selector: matchedWorkloads
})
/** spec of a ProxyConfig. */
export type ProxyConfigSpec = Infer<typeof proxyConfigSpec>

/** Settings of proxies. */
export interface ProxyConfig extends KubeObject {
  readonly kind: 'ProxyConfig'
  readonly spec: ProxyConfigSpec
  readonly status?: IstioStatus
}
