// Puts a tick's questions to webhooks and metrics, one after the other, until one of them ends the asking.

import { type Answer, type HookCall, type MetricQuestion, nextQuestion, type Question } from '../rollout/ask.ts'
import { type HookOutcome, judgeHook } from '../rollout/judge.ts'
import { judgeMetric } from '../rollout/judge-metric.ts'
import { type Millis, wait } from '../std/clock.ts'
import { measure, probe } from './rollout-metrics.ts'
import type { RolloutPorts } from './rollout-ports.ts'

const FIRST_RETRY: Millis = 1000
const LONGEST_RETRY: Millis = 30_000

/** The answers to as many questions as had to be put, in order. */
export async function putQuestions(
  ports: RolloutPorts,
  questions: readonly Question[],
  noData: 'hold' | 'fail',
  signal: AbortSignal
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (let question = nextQuestion(questions, answers); question !== undefined; question = nextQuestion(questions, answers)) {
    answers.push(await putOne(ports, question, noData, signal))
  }
  return answers
}

/** Calls a webhook, again after connection errors, 429 and 5xx but 501, as often as the hook's retries say (flagger.md 1.6). */
export async function callHook(
  ports: Pick<RolloutPorts, 'hooks' | 'clock'>,
  { hook, payload }: HookCall,
  signal: AbortSignal
): Promise<HookOutcome> {
  let delay = FIRST_RETRY
  for (let attempt = 0; ; attempt++) {
    const { url, timeout, disableTls } = hook
    const outcome = await ports.hooks.call({ url, payload, timeout, disableTls }, signal)
    if (attempt >= hook.retries || !mayRetry(outcome)) return outcome
    await wait(ports.clock, delay, signal)
    delay = Math.min(LONGEST_RETRY, delay * 2)
  }
}

async function putOne(ports: RolloutPorts, { put }: Question, noData: 'hold' | 'fail', signal: AbortSignal): Promise<Answer> {
  switch (put.kind) {
    case 'hook':
      return judgeHook(await callHook(ports, put, signal))
    case 'provider':
      return probe(ports, put.checks, signal)
    case 'metric': {
      const answer = judgeMetric(put, await measure(ports, put, signal), noData)
      tellValue(ports, put, answer)
      return answer
    }
  }
}

function tellValue({ listeners }: RolloutPorts, { namespace, workload, check }: MetricQuestion, answer: Answer): void {
  if (answer.kind === 'unknown' || answer.value === undefined) return
  for (const listener of listeners) listener.measured?.({ namespace, target: workload, metric: check.name, value: answer.value })
}

function mayRetry(outcome: HookOutcome): boolean {
  if (outcome.kind !== 'answered') return outcome.kind === 'unreachable'
  return outcome.status === 429 || (outcome.status >= 500 && outcome.status !== 501)
}
