// The first route of a VirtualService that has a match block which holds decides: rules as users write them, compiled and asked, against the
// plainest reading of Istio's documentation.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ask, gatewayText, objectsOf, routerOf, said } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'

type StringMatch = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string }

interface Block {
  readonly uri?: StringMatch
  readonly ignoreUriCase?: boolean
  readonly method?: StringMatch
  readonly headers?: Readonly<Record<string, StringMatch | Record<string, never>>>
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>
  readonly queryParams?: Readonly<Record<string, StringMatch>>
}

interface Asked {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

const WORD = fc.array(fc.constantFrom('a', 'b', 'B'), { minLength: 1, maxLength: 3 }).map((letters) => letters.join(''))

function stringMatch(text: fc.Arbitrary<string>): fc.Arbitrary<StringMatch> {
  return fc.oneof(
    text.map((exact) => ({ exact })),
    text.map((prefix) => ({ prefix })),
    fc.tuple(text, fc.constantFrom('', '.*', '[ab]+', '|.*/x')).map(([start, end]) => ({ regex: start + end }))
  )
}

const PATH = WORD.map((word) => `/${word}`)
const NAME = fc.constantFrom('x-one', 'x-two')
const METHOD = fc.constantFrom('GET', 'POST', 'PUT')
const PARAMETER = fc.constantFrom('p', 'q')
const BLOCK: fc.Arbitrary<Block> = fc.record(
  {
    uri: stringMatch(PATH),
    ignoreUriCase: fc.boolean(),
    method: stringMatch(METHOD),
    headers: fc.dictionary(NAME, fc.oneof(stringMatch(WORD), fc.constant({})), { maxKeys: 2 }),
    withoutHeaders: fc.dictionary(NAME, stringMatch(WORD), { maxKeys: 1 }),
    queryParams: fc.dictionary(PARAMETER, stringMatch(WORD), { maxKeys: 1 })
  },
  { requiredKeys: [] }
)
const ROUTES = fc.array(fc.array(BLOCK, { maxLength: 3 }), { minLength: 1, maxLength: 6 })
const ASKED: fc.Arbitrary<Asked> = fc.record({
  path: fc.tuple(PATH, fc.constantFrom('', '/x', '?p=a', '?q=ab&p=B', '?p')).map((parts) => parts.join('')),
  method: METHOD,
  headers: fc.dictionary(NAME, WORD)
})

const GATEWAY = objectsOf(gatewayText())

function rulesOf(routes: readonly (readonly Block[])[]): KubeObject {
  const http = routes.map((match, index) => ({
    ...(match.length === 0 ? {} : { match }),
    directResponse: { status: 200, body: { string: `${index}` } }
  }))
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'v', namespace: 'default' },
    spec: { hosts: ['h.example.com'], gateways: ['g'], http }
  }
}

function holds(match: StringMatch | Record<string, never>, text: string, fold: (text: string) => string = (same) => same): boolean {
  if ('exact' in match) return fold(text) === fold(match.exact ?? '')
  if ('prefix' in match) return fold(text).startsWith(fold(match.prefix ?? ''))
  return 'regex' in match ? new RegExp(`^(?:${match.regex})$`).test(text) : true
}

function blockHolds(block: Block, { path, method, headers }: Asked): boolean {
  const [uri = '', query = ''] = path.split('?')
  const parameters = new URLSearchParams(query)
  const fold = (text: string): string => (block.ignoreUriCase === true ? text.toLowerCase() : text)
  const has = (name: string, match: StringMatch | Record<string, never>): boolean =>
    headers[name] !== undefined && holds(match, headers[name])
  return [
    block.uri === undefined || holds(block.uri, uri, fold),
    block.method === undefined || holds(block.method, method),
    Object.entries(block.headers ?? {}).every(([name, match]) => has(name, match)),
    Object.entries(block.withoutHeaders ?? {}).every(([name, match]) => !has(name, match)),
    Object.entries(block.queryParams ?? {}).every(([name, match]) => parameters.has(name) && holds(match, parameters.get(name) ?? ''))
  ].every(Boolean)
}

function naive(routes: readonly (readonly Block[])[], asked: Asked): string {
  const index = routes.findIndex((blocks) => blocks.length === 0 || blocks.some((block) => blockHolds(block, asked)))
  return index < 0 ? 'no-match' : `200 ${index}`
}

test('the first route with a block that holds decides, as the plainest reading finds it', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(ROUTES, fc.array(ASKED, { minLength: 4, maxLength: 4 }), (routes, requests) => {
      const router = routerOf([...GATEWAY, rulesOf(routes)])
      for (const asked of requests) {
        const got = said(ask(router, { host: 'h.example.com', gateway: true, ...asked }))
        seen.set(got, (seen.get(got) ?? 0) + 1)
        expect({ routes, asked, got }).toEqual({ routes, asked, got: naive(routes, asked) })
      }
    }),
    { numRuns: 500, seed: 7 }
  )
  // It was asked for every outcome often enough to mean something.
  for (const outcome of ['no-match', '200 0', '200 1', '200 2', '200 3']) expect(seen.get(outcome), outcome).toBeGreaterThan(20)
})
