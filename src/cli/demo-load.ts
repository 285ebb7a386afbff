// The demo's steady load: shoppers at the gateway, at a fixed rate whatever the answers are, until they are told to go home.

import { generate, type LoadAnswer, type LoadReport } from '../load/generate.ts'
import type { LoadPlan } from '../load/load-plan.ts'
import type { Millis } from '../std/clock.ts'

/** Requests per second: enough for a tenth of them to be evidence within ten seconds, little enough for any machine. */
export const RATE = 100
const HOST = 'shop.example'
const CONNECTIONS = 64
const TIMEOUT: Millis = 10_000
/** Above the demo application's answers with what they nest. */
const BODY_MAX = 64 * 1024
// For as long as somebody looks.
const DURATION: Millis = 30 * 24 * 3_600_000

/** A load under way. */
export interface RunningLoad {
  /** Sends nothing new, has what is under way answered, and resolves with the counts. */
  finish(): Promise<LoadReport>
}

/** Starts the load on the gateway at `url`; `onAnswer` hears of each request's end. An aborted signal cuts it off. */
export function startLoad(url: string, onAnswer: (answer: LoadAnswer) => void, signal: AbortSignal): RunningLoad {
  const until = new AbortController()
  const report = generate({ ...PLAN, url }, { signal, until: until.signal, onAnswer, bodyMax: BODY_MAX })
  return {
    finish: () => {
      until.abort()
      return report
    }
  }
}

/** Sends one request; resolves with how it ended. */
export async function ask(url: string, signal: AbortSignal): Promise<LoadAnswer | undefined> {
  let heard: LoadAnswer | undefined
  await generate({ ...PLAN, url, count: 1 }, { signal, onAnswer: (answer) => void (heard = answer), bodyMax: BODY_MAX })
  return heard
}

const PLAN: LoadPlan = {
  url: '',
  method: 'GET',
  headers: [['host', HOST]],
  body: '',
  connections: CONNECTIONS,
  rate: RATE,
  count: undefined,
  duration: DURATION,
  timeout: TIMEOUT
}
