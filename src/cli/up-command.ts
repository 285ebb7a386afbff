// `serin up` on this machine's terminal: the instance until it is asked to stop. Loaded when it is asked for: it brings all of Serin.

import { untilAsked } from './asked.ts'
import { chosenConfig } from './chosen-config.ts'
import type { UpOptions } from './options.ts'
import { shellWord } from './shell-word.ts'
import { complain, messageOf, say } from './terminal.ts'
import { type Instance, startInstance } from './up.ts'

/** Runs it; resolves with the exit status. */
export async function runUp(options: UpOptions): Promise<number> {
  const asked = untilAsked()
  const config = chosenConfig(options)
  if (config === undefined) return 2
  const instance = await startInstance({ up: options, config, log: complain })
  for (const line of addressLines(instance)) say(line)
  say('ready')
  const failure = await Promise.race([asked, instance.failed.catch((error: unknown) => error)])
  await instance.stop()
  if (failure === undefined) return 0
  complain(messageOf(failure))
  return 1
}

function addressLines({ addresses, kubeconfig }: Instance): string[] {
  return [
    `api:        ${addresses.api}`,
    ...(addresses.http === undefined ? [] : [`gateways:   ${addresses.http}`]),
    ...(addresses.mesh === undefined
      ? []
      : [`mesh proxy: ${addresses.mesh}   (export http_proxy=${addresses.mesh} to call Services by name)`]),
    `admin:      ${addresses.admin}`,
    ...(addresses.prometheus === undefined ? [] : [`prometheus: ${addresses.prometheus}`]),
    `kubectl:    export KUBECONFIG=${shellWord(kubeconfig)}`
  ]
}
