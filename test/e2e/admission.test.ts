// What a cluster with istiod does with objects that Istio refuses, warns of or takes, as kubectl sees it on a running instance.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KUBECTL_FOUND, type Ran } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

const DENIED = 'admission webhook "validation.istio.io" denied the request: configuration is invalid: '

function rule(http: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: reviews}\nspec: {hosts: [reviews], http: [${http}]}\n`
}

const split = (v1: number, v2: number): string =>
  rule(`{route: [{destination: {host: reviews, subset: v1}, weight: ${v1}}, {destination: {host: reviews, subset: v2}, weight: ${v2}}]}`)

describe.skipIf(!KUBECTL_FOUND)("kubectl: Istio's admission", () => {
  let serin: Serin
  beforeAll(async () => {
    serin = await startSerin()
  })
  afterAll(() => serin.stop())

  const apply = (input: string, ...args: readonly string[]): Promise<Ran> => serin.kubectl(['apply', '-f', '-', ...args], { input })
  const weights = async (): Promise<string> => {
    const ran = await serin.kubectl([
      'get',
      'virtualservice',
      'reviews',
      '--ignore-not-found',
      '-o',
      'jsonpath={.spec.http[0].route[*].weight}'
    ])
    return ran.stdout
  }

  it('what Istio refuses is denied at create, with its sentence and the place, and nothing is stored', async () => {
    const denied = await apply(split(0, 0))
    expect(denied).toMatchObject({ code: 1, stdout: '' })
    expect(denied.stderr).toContain(
      `Error from server: error when creating "STDIN": ${DENIED}total destination weight = 0 (spec.http[0].route)`
    )
    expect(await weights()).toBe('')
  })

  it("what a rule in CEL of Istio's own CRD refuses is refused before Istio is asked, in the words of the API server", async () => {
    const { stderr } = await apply(rule('{directResponse: {status: 99}, timeout: 0s}'))
    expect(stderr).toBe(
      'The VirtualService "reviews" is invalid: spec.http[0].timeout: Invalid value: "0s": must be a valid duration greater than 1ms\n'
    )
  })

  it('several faults are a list', async () => {
    const { stderr } = await apply(rule('{redirect: {uri: /x, scheme: ftp}, rewrite: {uri: /y}}'))
    expect(stderr).toContain(`${DENIED}2 errors occurred:`)
    expect(stderr).toContain('\t* HTTP route rule cannot contain both rewrite and redirect (spec.http[0])')
    expect(stderr).toContain('\t* redirect scheme must be http or https (spec.http[0].redirect.scheme)')
  })

  it('weights that Istio takes are taken, with what lint says beside', async () => {
    const taken = await apply(split(200, 100))
    expect(taken).toMatchObject({ code: 0, stdout: 'virtualservice.networking.istio.io/reviews created\n' })
    expect(taken.stderr).toContain('Warning: spec.http[0].route: the weights sum to 300, not 100')
    expect(await weights()).toBe('200 100')
  })

  it('a change to something refused is denied by apply, patch and a dry run on the server; a status may be written', async () => {
    for (const args of [[], ['--dry-run=server']]) expect((await apply(split(-1, 101), ...args)).stderr).toContain(`${DENIED}weight -1 < 0`)
    const patch = ['patch', 'virtualservice', 'reviews', '--type=merge', '-p']
    expect((await serin.kubectl([...patch, '{"spec":{"hosts":["*"]}}'])).stderr).toContain(`${DENIED}wildcard host * is not allowed`)
    expect(await weights()).toBe('200 100')
    expect(await serin.kubectl([...patch, '{"status":{"observedGeneration":1}}', '--subresource=status'])).toMatchObject({ code: 0 })
  })

  it("what Istio warns of comes as kubectl's Warning, other kinds of Istio are judged too, and a delete is never denied", async () => {
    const header = 'apiVersion: networking.istio.io/v1\nmetadata: {name: x}\n'
    const deprecated = `${header}kind: DestinationRule\nspec: {host: reviews, trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}}\n`
    expect((await apply(deprecated)).stderr).toMatch(/Warning: .*consecutive errors is deprecated.* \[istio-warns, IST0133\]/)
    expect((await apply(`${header}kind: Gateway\nspec: {servers: []}\n`)).stderr).toContain(
      `${DENIED}gateway must have at least one server`
    )
    const entry = `${header}kind: ServiceEntry\nspec: {hosts: [a_b.example], ports: [{number: 80, name: http, protocol: HTTP}]}\n`
    expect((await apply(entry)).stderr).toContain(`${DENIED}domain name "a_b.example" invalid (label "a_b" invalid) (spec.hosts[0])`)
    expect(await serin.kubectl(['delete', 'virtualservice', 'reviews'])).toMatchObject({ code: 0 })
  })
})
