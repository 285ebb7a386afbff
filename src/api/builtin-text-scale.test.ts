import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { SCALE_TEXT } from './builtin-text-scale.ts'

test('nothing is said of messages that are not there', () => {
  expect(Object.keys(SCALE_TEXT).filter((key) => !MESSAGES.has(key.split('.')[0] ?? ''))).toEqual([])
})

test('each field of an autoscaler and of a DaemonSet is a sentence', () => {
  for (const message of ['HorizontalPodAutoscalerSpec', 'V1HorizontalPodAutoscalerSpec', 'DaemonSetSpec', 'MetricTarget']) {
    for (const { name } of fieldsOf(MESSAGES, message)) expect(SCALE_TEXT[`${message}.${name}`], `${message}.${name}`).toMatch(/\.$/)
  }
})
