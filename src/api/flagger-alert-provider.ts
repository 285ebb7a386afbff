// AlertProvider (flagger.app): where messages to people go.

import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { choice, exactlyOne, object, required, string } from './schema-builder.ts'

/** spec of an AlertProvider. */
export const alertProviderSpec = object(
  'Where messages go.',
  {
    type: choice('Kind of the receiver.', 'slack', 'msteams', 'discord', 'rocket', 'gchat'),
    channel: string('Channel.'),
    username: string('Name of the sender.'),
    address: string('URL of the receiver.'),
    proxy: string('URL of an HTTP proxy.'),
    secretRef: object('Secret with the address or token.', { name: required(string('Its name.')) })
  },
  exactlyOne(['type', 'address'], ['type', 'secretRef'])
)
/** spec of an AlertProvider. */
export type AlertProviderSpec = Infer<typeof alertProviderSpec>

/** Where messages to people go. */
export interface AlertProvider extends KubeObject {
  readonly kind: 'AlertProvider'
  readonly spec: AlertProviderSpec
}
