import { expect, test } from 'vitest'
import { notesOf, sourceOf } from '../../test/argo.ts'
import { blueGreenOf } from './argo-blue-green.ts'

test('who promotes by hand gets a gate, who waits for some time an interval', () => {
  const notes = notesOf()
  const convert = (blueGreen: object) =>
    blueGreenOf(sourceOf('Rollout', { strategy: { blueGreen: { activeService: 'api', ...blueGreen } } }), notes.notes)
  expect(convert({ autoPromotionEnabled: false })).toMatchObject({
    main: 'api',
    hooks: [{ type: 'confirm-promotion' }],
    interval: undefined
  })
  expect(convert({ autoPromotionSeconds: 300, previewService: 'next' })).toMatchObject({ hooks: [], interval: 300, others: ['next'] })
  expect(notes.lines()).toEqual([])
})

test('analyses before and after the promotion are looked at in one place, which is said', () => {
  const notes = notesOf()
  const analysis = { templates: [] }
  const given = { prePromotionAnalysis: analysis, postPromotionAnalysis: analysis, scaleDownDelaySeconds: 5 }
  expect(blueGreenOf(sourceOf('Rollout', { strategy: { blueGreen: given } }), notes.notes).analyses).toHaveLength(2)
  expect(notes.lines().map((line) => line.split(':')[0])).toEqual([
    'warning spec.strategy.blueGreen.scaleDownDelaySeconds',
    'warning spec.strategy.blueGreen.postPromotionAnalysis'
  ])
})
