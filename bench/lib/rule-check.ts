// That a proxy obeys the rules of the bench: a comparison of work is worth nothing when one of them does not do it.

import { get } from 'node:http'
import { CALLED } from '../proxy-rules.ts'
import { ADDRESSES } from './backend.ts'
import type { Proxy } from './proxies.ts'

const V1 = ADDRESSES.slice(0, 3)
const ASKED = 300
/** v2 gets a tenth of the requests; of 300 fewer than 8 or more than 66 come once in millions of runs. */
const [FEWEST, MOST] = [8, 66]

/** Throws a sentence when the header rule, the split or the spread over endpoints is not what the rules say. */
export async function checkRules(proxy: Proxy): Promise<void> {
  const chosen = await servers(proxy, { 'x-canary': 'always' }, 30)
  if (chosen.some((server) => V1.includes(server))) throw new Error(`${proxy.name} does not obey the header rule`)
  const split = await servers(proxy, {}, ASKED)
  const second = split.filter((server) => !V1.includes(server)).length
  if (second < FEWEST || second > MOST) throw new Error(`${proxy.name} sends ${second} of ${ASKED} to v2`)
  if (new Set(split).size !== ADDRESSES.length) throw new Error(`${proxy.name} does not use all endpoints`)
}

async function servers(proxy: Proxy, headers: Readonly<Record<string, string>>, count: number): Promise<string[]> {
  const found: string[] = []
  for (let at = 0; at < count; at += 1) found.push(await serverOf(proxy.port, headers))
  return found
}

/** The address that answered. */
function serverOf(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path: '/who', headers: { ...headers, host: CALLED } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}
