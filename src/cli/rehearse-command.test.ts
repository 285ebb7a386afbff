// `serin rehearse` on the examples and on files that cannot be rehearsed.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { rehearseFiles } from './rehearse-command.ts'
import { REHEARSE_FLAGS, rehearseOptions } from './rehearse-options.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'serin-rehearse-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function rehearse(words: readonly string[]) {
  const flags = new Map<string, string[]>()
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at] ?? ''
    expect(REHEARSE_FLAGS.has(name)).toBe(true)
    flags.set(name, [...(flags.get(name) ?? []), words[at + 1] ?? ''])
  }
  const options = rehearseOptions(flags)
  if (typeof options === 'string') throw new Error(options)
  const [said, complained]: [string[], string[]] = [[], []]
  const code = await rehearseFiles(options, { say: (text) => void said.push(text), complain: (line) => void complained.push(line) })
  return { code, said, complained }
}

const CANARY = 'apiVersion: flagger.app/v1beta1\nkind: Canary\n'
const SPEC =
  'spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, service: {port: 80}, analysis: {interval: 1m, threshold: 2, stepWeight: 50}}\n'

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('serin rehearse', () => {
  it.each(['shop', 'rehearsals'])('answers for examples/%s, twice the same, with a picture', async (name) => {
    const svg = join(folder, `${name}.svg`)
    const words = ['-f', join(ROOT, 'examples', name), '--regression', '2pt', '--runs', '20', '--svg', svg]
    const { code, said, complained } = await rehearse(words)
    expect([code, complained]).toEqual([0, []])
    expect(said[0]).toMatch(/^Canary shop\/(frontend|api): /)
    expect(said).toContainEqual(expect.stringMatching(/^A release that fails 2 points more: 20 rollouts each/))
    const picture = readFileSync(svg, 'utf8')
    expect(picture).toMatch(/^<svg /)
    expect((await rehearse(words)).said).toEqual(said)
    expect(readFileSync(svg, 'utf8')).toBe(picture)
  })

  it('gives all numbers as JSON', async () => {
    const { said } = await rehearse(['-f', join(ROOT, 'examples/rehearsals'), '--runs', '5', '--what-if', 'rate=10', '-o', 'json'])
    const found: unknown = JSON.parse(said.join('\n'))
    expect(found).toMatchObject({ canary: 'shop/api', runs: 5, goodRuns: 2, whatIf: [{ change: 'rate 10' }] })
  })

  it('lets no name steer a terminal, and says it in JSON as it is', async () => {
    const hostile = `${CANARY}metadata: {name: "a\\u009b2J\\u202eb\\u007f", annotations: {serin.dev/alpha: "\\u001b[2J"}}\n${SPEC}`
    const words = ['-f', file('hostile.yaml', hostile), '--runs', '2']
    const [text, json] = [await rehearse(words), await rehearse([...words, '-o', 'json'])]
    for (const { code, said, complained } of [text, json]) {
      expect(code).toBe(0)
      expect([...said, ...complained].join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    }
    expect(text.said[0]).toMatch(/^Canary default\/a 2J b : 50, 100 %/)
    expect(JSON.parse(json.said.join('\n'))).toMatchObject({ canary: 'default/a\u009b2J\u202eb\u007f' })
  })

  it('asks which of several Canaries is meant, and takes the one that is named', async () => {
    const two = file('two.yaml', `${CANARY}metadata: {name: a}\n${SPEC}---\n${CANARY}metadata: {name: b, namespace: shop}\n${SPEC}`)
    expect(await rehearse(['-f', two])).toEqual({
      code: 1,
      said: [],
      complained: [`${two}: there are several Canaries: use --canary with one of default/a, shop/b`]
    })
    const { code, said } = await rehearse(['-f', two, '--canary', 'b', '--runs', '2'])
    expect([code, said[0]]).toEqual([0, expect.stringContaining('Canary shop/b: 50, 100 %')])
  })

  it.each([
    ['none.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n', /there is no Canary to rehearse/],
    [
      'blue.yaml',
      `${CANARY}metadata: {name: a}\n${SPEC.replace('stepWeight: 50', 'iterations: 5')}`,
      /Canary default\/a is not led by weights/
    ]
  ])('refuses %s in words', async (name, text, words) => {
    const { code, complained } = await rehearse(['-f', file(name, text)])
    expect([code, complained]).toEqual([1, [expect.stringMatching(words)]])
  })

  it('obeys the ConfigMap that the Canary names', async () => {
    const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: g}\ndata: {gate: thresholds}\n'
    const named = `${CANARY}metadata: {name: a, annotations: {serin.dev/gate-config: g}}\n${SPEC}`
    const words = ['--runs', '10', '-o', 'json', '--regression', '50pt']
    const back = async (path: string): Promise<unknown> => JSON.parse((await rehearse(['-f', path, ...words])).said.join('\n'))
    const rolledBack = (count: number): object => ({ releases: [{ leaders: [{ leader: 'Serin', rolledBack: { count } }, {}, {}] }] })
    expect(await back(file('with.yaml', `${named}---\n${config}`))).toMatchObject(rolledBack(0))
    expect(await back(file('without.yaml', named))).toMatchObject(rolledBack(10))
  })

  it('plays the Rollout of the same workload beside the Canary, or the sample where it cannot', async () => {
    const [manifests = ''] = readFileSync(join(ROOT, 'test/golden/convert/canary.txt'), 'utf8').split('\n==== converted')
    const canary = `${CANARY}metadata: {name: a, namespace: shop}\n${SPEC.replace('name: a}', 'name: checkout}')}`
    const playable = manifests
      .replace('{name: service-name, value: checkout}', '{name: service-name, value: checkout-next}')
      .replace('histogram_quantile(0.99, x)', 'histogram_quantile(0.99, sum(rate(request_milliseconds_bucket[1m])) by (le))')
    const first = async (name: string, text: string): Promise<string> =>
      (await rehearse(['-f', file(name, text), '--runs', '2', '--canary', 'shop/a'])).said.slice(0, 4).join('\n')
    expect(await first('played.yaml', `${canary}---\n${playable}`)).toMatch(
      /^Argo: Rollout shop\/checkout: 5 %, 5 min, 20 %, 50 %, 5 min, 40 %, 1 h, analysis of p99 once; success-rate each 60 s in the background$/m
    )
    expect(await first('sample.yaml', `${canary}---\n${manifests}`)).toMatch(
      /^Argo sample: stands in for Rollout shop\/checkout, which cannot be played: .*: the query of success-rate counts both versions together$/m
    )
    const leaders = async (name: string): Promise<unknown> =>
      JSON.parse((await rehearse(['-f', join(folder, name), '--runs', '2', '-o', 'json'])).said.join(''))
    expect(await leaders('played.yaml')).toMatchObject({
      argo: { played: 'rollout' },
      releases: [{ leaders: [{}, {}, { leader: 'Argo' }] }]
    })
    expect(await leaders('sample.yaml')).toMatchObject({
      argo: { played: 'sample' },
      releases: [{ leaders: [{}, {}, { leader: 'Argo sample' }] }]
    })
  })

  it('rehearses what convert makes of a folder that has a Rollout alone, and says so', async () => {
    const [manifests = ''] = readFileSync(join(ROOT, 'test/golden/convert/canary.txt'), 'utf8').split('\n==== converted')
    const { code, said, complained } = await rehearse(['-f', file('rollout.yaml', manifests), '--runs', '2'])
    expect([code, complained]).toEqual([0, []])
    expect(said[0]).toBe('Canary shop/checkout: 5, 20, 50 %, a look each 5 min, back after 1 failed checks')
    expect(said).toContain('Canary made from Rollout shop/checkout, as serin convert does')
    expect(said).toContain('Not played: checks by query (success-success-rate, latency-p99): they pass')
  })
})
