import { expect, test } from 'vitest'
import { builtinMessage } from './builtin-messages.ts'
import { SCALE_TABLES } from './builtin-tables-scale.ts'

test('an autoscaler has a message of its own in each version', () => {
  const messages = ['autoscaling/v2', 'autoscaling/v1'].map((version) => builtinMessage(version, 'HorizontalPodAutoscaler'))
  expect(messages).toEqual(['HorizontalPodAutoscaler', 'V1HorizontalPodAutoscaler'])
  expect(messages.every((name) => name !== undefined && SCALE_TABLES[name] !== undefined)).toBe(true)
})

test('the names of subfields that both versions share have the same numbers', () => {
  const heads = ['HorizontalPodAutoscalerSpec', 'V1HorizontalPodAutoscalerSpec'].map((name) => SCALE_TABLES[name]?.split('metrics')[0])
  for (const field of ['scaleTargetRef 1', 'minReplicas 2', 'maxReplicas 3']) {
    expect(heads.every((text) => text?.includes(field))).toBe(true)
  }
})
