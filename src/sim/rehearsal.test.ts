import { describe, expect, it } from 'vitest'
import { documentedCanary } from '../../test/rehearsal-objects.ts'
import { type Question, rehearsal, type Row } from './rehearsal.ts'
import { rehearsalJson } from './rehearsal-json.ts'
import { rehearsalSvg } from './rehearsal-svg.ts'
import { rehearsalLines } from './rehearsal-text.ts'
import { GOOD } from './regression.ts'
import { USUAL } from './service.ts'

function asked(change: Partial<Question> = {}): Question {
  return {
    canary: documentedCanary(),
    target: undefined,
    config: undefined,
    templates: new Map(),
    argo: undefined,
    madeFrom: undefined,
    service: { ...USUAL, rate: 100, errors: 0.001 },
    regressions: [{ ...GOOD, errors: 0.05 }],
    disturbance: 'calm',
    runs: 10,
    seed: 1,
    changes: [],
    ...change
  }
}

async function answered(change: Partial<Question> = {}) {
  const found = await rehearsal(asked(change))
  if (typeof found === 'string') throw new Error(found)
  return found
}

function medianOf(row: Row | undefined, of: 'toZero' | 'toAll' | 'failed'): number {
  return row?.outcomes[of]?.median ?? Number.NaN
}

const CHANGES = [
  { kind: 'alpha', alpha: 0.0001 },
  { kind: 'rate', rate: 1_000 },
  { kind: 'steps', weights: [50] },
  { kind: 'pace', pace: 'evidence' }
] as const

describe('a rehearsal', () => {
  it('shows the controller beside Flagger and Argo on releases of each regression, and on good ones in all weathers', async () => {
    const found = await answered({
      regressions: [
        { ...GOOD, errors: 0.05 },
        { ...GOOD, errors: 0.2 }
      ]
    })
    expect(found.releases.map(({ rows }) => rows.map(({ leader }) => leader))).toEqual(
      Array.from({ length: 2 }, () => ['Serin', 'Flagger', 'Argo sample'])
    )
    const [first, second] = found.releases.map(({ rows }) => rows.map(({ outcomes }) => outcomes.toZero?.median ?? 0))
    expect(first?.[0]).toBeLessThan(90)
    expect(first?.[1]).toBe(362)
    expect(second?.[0]).toBeLessThan(first?.[0] ?? 0)
    expect(found.good.map(({ disturbance }) => disturbance)).toEqual(['calm', 'storms', 'blips', 'outage', 'cold-steps'])
    expect(found.good.every(({ rows }) => rows[0]?.outcomes.rolledBack.count === 0 && rows[0].outcomes.runs === 4)).toBe(true)
  })

  it('tries each change by itself', async () => {
    const [before] = (await answered()).releases[0]?.rows ?? []
    const [alpha, rate, steps, pace] = (await answered({ changes: CHANGES })).changes
    expect(medianOf(alpha?.bad, 'toZero')).toBeGreaterThan(medianOf(before, 'toZero'))
    expect(medianOf(rate?.bad, 'failed')).toBeGreaterThan(5 * medianOf(before, 'failed'))
    expect(medianOf(steps?.bad, 'failed')).toBeGreaterThan(2 * medianOf(before, 'failed'))
    expect(medianOf(steps?.good, 'toAll')).toBe(67)
    expect(medianOf(pace?.good, 'toAll')).toBeLessThan(250)
  })

  it('is the same bytes with the same seed, in words, as data and as a picture, and others with another', async () => {
    const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => answered({ changes: CHANGES.slice(0, 1), seed })))
    if (one === undefined || again === undefined || other === undefined) throw new Error('three are asked')
    for (const shown of [rehearsalLines, rehearsalJson, rehearsalSvg] as const) {
      expect(shown(again)).toEqual(shown(one))
      expect(shown(other)).not.toEqual(shown(one))
    }
  })

  it('says what the Canary is, what is not played, and who rolled good releases back', async () => {
    const metrics = [
      { name: 'request-success-rate', interval: '1m', thresholdRange: { min: 99.9 } },
      { name: 'queue', templateRef: { name: 'queue' } }
    ]
    const lines = rehearsalLines(await answered({ canary: documentedCanary({ metrics }) }))
    expect(lines.slice(0, 3)).toEqual([
      'Canary test/api: 10, 20, 30, 40, 50 %, a look each 60 s, back after 5 failed checks',
      'Traffic: 100 requests a second, 0.1 % fail, half within 60 ms, 99 % within 300 ms; seed 1',
      'Not played: checks by query (queue): they pass'
    ])
    expect(lines.at(-1)).toMatch(/^ {2}Of Serin's (\d+), \1 by failed checks of the Canary/)
  })

  it('says where a ladder begins that the traffic decides, and leaves Flagger the weights of the Canary', async () => {
    const canary = documentedCanary({ stepWeight: undefined, stepWeights: [50] }, { 'serin.dev/pace': 'evidence, ladder=auto' })
    const found = await answered({ canary, service: { ...USUAL, rate: 20, errors: 0.001 } })
    expect(rehearsalLines(found)[0]).toBe(
      'Canary test/api: from as low as the traffic allows, here about 4, 5, 10, 25, 50 %, a look each 60 s, back after 5 failed checks'
    )
    expect(rehearsalJson(found)).toMatchObject({ ladder: [4, 5, 10, 25, 50], ladderOfTraffic: true })
    expect(found.story.weights[0]?.weight).toBeLessThanOrEqual(5)
    const flagger = found.good[0]?.rows[1]
    expect(medianOf(flagger, 'toAll')).toBe(122)
    expect(rehearsalJson(await answered())).toMatchObject({ ladder: [10, 20, 30, 40, 50], ladderOfTraffic: false })
  })

  it('says who rolled good releases back where something is set otherwise', async () => {
    const noisy = documentedCanary({ metrics: [{ name: 'request-success-rate', interval: '1m', thresholdRange: { min: 99.9 } }] })
    const lines = rehearsalLines(await answered({ canary: noisy, changes: CHANGES.slice(0, 1) }))
    expect(lines.at(-1)).toMatch(/^ {2}Of the good ones rolled back, (\d+), \1 by failed checks of the Canary/)
  })

  it('says which options of the gate cannot be read', async () => {
    const canary = documentedCanary({}, { 'serin.dev/alpha': 'often', 'serin.dev/pace': 'fast' })
    expect((await answered({ canary })).weak.map(({ path }) => path)).toEqual([
      'metadata.annotations["serin.dev/alpha"]',
      'metadata.annotations["serin.dev/pace"]'
    ])
  })

  it('warns of checks that cannot do what they are for on this traffic', async () => {
    const found = await answered({ service: { ...USUAL, rate: 5, errors: 0.01 } })
    const weak = found.weak.map(({ path, text }) => `${path} ${text}`)
    expect(weak[0]).toMatch(/^spec\.analysis\.metrics\[0\] its bound of 99 % is within 3 standard errors of what stable does/)
    expect(weak[1]).toMatch(/^spec\.analysis\.metrics\[1\] is a p99 of about 30 requests \(10 % of 5 requests a second for 1m\)/)
    expect(rehearsalLines(found)[2]).toBe(`Warning: ${weak[0]}`)
    expect((await answered()).weak).toEqual([])
  })

  it('is refused in words for a Canary that is not led by weights', async () => {
    expect(await rehearsal(asked({ canary: documentedCanary({ iterations: 5 }) }))).toMatch(/Canary test\/api is not led by weights/)
  })
})

describe('the picture', () => {
  it('is one document in which names cannot write', async () => {
    const canary = documentedCanary()
    const svg = rehearsalSvg(await answered({ canary: { ...canary, metadata: { ...canary.metadata, name: '<script>\u0001' } } }))
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true)
    expect(svg).not.toContain('<script>')
    expect(svg).toContain('<title>Rehearsal of Canary test/&lt;script&gt; </title>')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(svg.match(/<polyline/g)).toHaveLength(6)
  })
})
