// Brings alerts to the chats that a Canary names, or to the one that all are told of. Nothing waits for a chat: each has its queue, a few
// tries and a bound in time, and what is wrong with one is said once, as an Event of the Canary and in the log.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { type Alert, alertEntries, type AlertField, alertOf, hears } from '../rollout/alerts.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import { dig, someText } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import { Lanes } from './lanes.ts'
import type { RolloutListener, Ticked } from './rollout-listener.ts'
import type { EventSink } from './rollout-ports.ts'

export type ChatKind = 'slack' | 'msteams' | 'discord' | 'rocket' | 'gchat'

/** A chat with all that is needed to send to it. */
export interface Chat {
  readonly kind: ChatKind
  readonly address: string
  readonly token: string | undefined
  readonly channel: string
  readonly username: string
  readonly proxy: string | undefined
  /** Where short names of Services belong. */
  readonly namespace: string
}

/** An alert about a Canary. */
export interface News {
  readonly name: string
  readonly namespace: string
  readonly severity: Alert['severity']
  readonly message: string
  readonly fields: readonly AlertField[]
}

/** Sends to chats; `remote` does it over HTTP. Rejects only with the signal's reason. */
export interface AlertSender {
  send(
    chat: Chat,
    news: News,
    signal: AbortSignal
  ): Promise<{ readonly kind: 'sent' } | { readonly kind: 'failed'; readonly because: string; readonly mayPass: boolean }>
}

/** What holds for all Canaries (flagger.md 1.14). */
export interface AlertSettings {
  /** First field of every alert; '' for none. */
  readonly clusterName: string
  /** Where Canaries without alerts of their own are told of. */
  readonly chat: Omit<Chat, 'namespace'> | undefined
  /** Providers in other namespaces than the Canary's are refused. */
  readonly noCrossNamespaceRefs: boolean
}

/** What the post is made of. */
export interface AlertPostOptions {
  readonly client: Pick<KubeClient, 'get'>
  readonly clock: Clock
  readonly sender: AlertSender
  readonly events: EventSink
  readonly settings: AlertSettings
  readonly log: (line: string) => void
}

const PROVIDERS: ResourceRef = { group: 'flagger.app', version: 'v1beta1', resource: 'alertproviders' }
const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' }
const KINDS: readonly ChatKind[] = ['slack', 'msteams', 'discord', 'rocket', 'gchat']
/** Pauses before the second and third try. */
const PAUSES: readonly Millis[] = [1000, 5000]

interface Letter {
  readonly canary: KubeObject
  readonly alert: Alert
  /** undefined: the chat of all. */
  readonly provider: { readonly name: string; readonly namespace: string } | undefined
  /** How the receiver is called, which is the key of its queue. */
  readonly receiver: string
}

/** Posts alerts. Owns what it told last of each Canary and which receivers are in trouble. */
export class AlertPost implements RolloutListener {
  readonly #options: AlertPostOptions
  readonly #lanes: Lanes
  readonly #told = new Map<string, string>()
  readonly #troubled = new Set<string>()

  constructor(options: AlertPostOptions) {
    this.#options = { ...options, log: (line) => options.log(printable(line)) }
    this.#lanes = new Lanes((receiver, count) => {
      if (count === 1) this.#options.log(`${receiver} is slower than its alerts come: the oldest are dropped`)
    })
  }

  /** Rejects for a bug. */
  get failed(): Promise<never> {
    return this.#lanes.failed
  }

  /** Resolves once all letters are sent or given up; how many a stop has left unsent is said then. */
  async idle(): Promise<void> {
    const lost = await this.#lanes.idle()
    if (lost > 0) this.#options.log(`alerts that no chat has taken are lost: ${lost}`)
  }

  ticked({ tick, step }: Ticked, signal: AbortSignal): void {
    const alert = alertOf(tick, step)
    const { uid = '' } = tick.canary.metadata
    if (alert === undefined || this.#told.get(uid) === alert.key) return
    this.#told.set(uid, alert.key)
    for (const letter of this.#addressed(tick.canary, alert)) {
      this.#lanes.push(letter.receiver, (stop) => this.#deliver(letter, stop), signal)
    }
  }

  gone(canary: KubeObject): void {
    this.#told.delete(canary.metadata.uid ?? '')
  }

  // A Canary with alerts of its own is not told of to all.
  #addressed(canary: KubeObject, alert: Alert): readonly Letter[] {
    const entries = alertEntries(canary)
    if (entries.length === 0) {
      return this.#options.settings.chat === undefined ? [] : [{ canary, alert, provider: undefined, receiver: 'the chat of all alerts' }]
    }
    return entries
      .filter(({ severity }) => hears(severity, alert.severity))
      .map(({ provider }) => ({ canary, alert, provider, receiver: `alert provider ${provider.name}.${provider.namespace}` }))
  }

  async #deliver(letter: Letter, signal: AbortSignal): Promise<void> {
    const because = await this.#failure(letter, signal)
    const { receiver, canary } = letter
    if (because === undefined) {
      if (this.#troubled.delete(receiver)) this.#options.log(`${receiver} takes alerts again`)
      return
    }
    if (this.#troubled.has(receiver)) return
    this.#troubled.add(receiver)
    const text = printable(`${receiver} did not take an alert: ${because}; further ones are lost in silence until it does`)
    this.#options.log(text)
    this.#options.events.record(canary, 'Warning', text, signal)
  }

  // Why it was not sent. Only the end of the program is not an answer.
  async #failure(letter: Letter, signal: AbortSignal): Promise<string | undefined> {
    try {
      const chat = await this.#chatOf(letter, signal)
      return typeof chat === 'string' ? chat : await this.#send(chat, this.#newsOf(letter), signal)
    } catch (error) {
      signal.throwIfAborted()
      return error instanceof Error ? error.message : String(error)
    }
  }

  async #send(chat: Chat, news: News, signal: AbortSignal): Promise<string | undefined> {
    const { sender, clock } = this.#options
    for (let attempt = 0; ; attempt++) {
      const sent = await sender.send(chat, news, signal)
      if (sent.kind === 'sent') return undefined
      const pause = PAUSES[attempt]
      if (pause === undefined || !sent.mayPass) return sent.because
      await wait(clock, pause, signal)
    }
  }

  #newsOf({ canary, alert }: Letter): News {
    const { clusterName } = this.#options.settings
    const { name = '', namespace = '' } = canary.metadata
    const fields = clusterName === '' ? alert.fields : [{ name: 'Cluster', value: clusterName }, ...alert.fields]
    return { name, namespace, severity: alert.severity, message: alert.message, fields }
  }

  // The chat, or what is wrong with its provider.
  async #chatOf({ canary, provider }: Letter, signal: AbortSignal): Promise<Chat | string> {
    const { settings, client } = this.#options
    const { namespace: own = '' } = canary.metadata
    if (provider === undefined) return settings.chat === undefined ? 'none is set' : { ...settings.chat, namespace: own }
    if (settings.noCrossNamespaceRefs && provider.namespace !== own) {
      return 'it is in another namespace than its Canary, which noCrossNamespaceRefs forbids'
    }
    const object = await client.get({ ...PROVIDERS, ...provider }, { signal })
    if (object === undefined) return 'there is no such AlertProvider'
    const secret = textAt(dig(object['spec'], 'secretRef'), 'name')
    if (secret === undefined) return chatFrom(object, textAt(object['spec'], 'address'), undefined)
    const held = await client.get({ ...SECRETS, namespace: provider.namespace, name: secret }, { signal })
    if (held === undefined) return `its secret ${secret} does not exist`
    const address = secretText(held, 'address')
    return address === undefined ? `its secret ${secret} has no key address` : chatFrom(object, address, secretText(held, 'token'))
  }
}

function chatFrom({ spec, metadata }: KubeObject, address: string | undefined, token: string | undefined): Chat | string {
  const kind = KINDS.find((one) => one === dig(spec, 'type'))
  if (kind === undefined) return `its type ${String(dig(spec, 'type'))} is not one of ${KINDS.join(', ')}`
  if (address === undefined) return 'it has no address'
  return {
    kind,
    address,
    token: kind === 'slack' ? token : undefined,
    channel: textAt(spec, 'channel') ?? 'general',
    username: textAt(spec, 'username') ?? 'flagger',
    proxy: textAt(spec, 'proxy'),
    namespace: metadata.namespace ?? ''
  }
}

// Secrets made with echo end in a newline.
function secretText(secret: KubeObject, key: string): string | undefined {
  const encoded = textAt(secret['data'], key)
  const text =
    encoded === undefined ? '' : new TextDecoder().decode(Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))).trim()
  return text === '' ? undefined : text
}

function textAt(value: unknown, key: string): string | undefined {
  return someText(dig(value, key))
}
