import { expect, test } from 'vitest'
import { notesOf, sourceOf } from '../../test/argo.ts'
import { providerOf } from './argo-providers.ts'

function convert(provider: object) {
  const notes = notesOf()
  const found = providerOf(sourceOf('AnalysisTemplate', {}), { path: 'spec.metrics[0]', metric: { provider } }, notes.notes)
  return { found, lines: notes.lines() }
}

test('Prometheus keeps address, headers and query', () => {
  const headers = [{ key: 'X-Scope-OrgID', value: 'a' }]
  expect(convert({ prometheus: { address: 'http://p:9090/', query: ' up\n', headers, insecure: true } })).toEqual({
    found: {
      spec: { type: 'prometheus', address: 'http://p:9090', headers: { 'X-Scope-OrgID': ['a'] }, insecureSkipVerify: true },
      query: 'up'
    },
    lines: []
  })
})

test('others name the Secret that they need', () => {
  expect(convert({ datadog: { query: 'avg:x' } })).toEqual({
    found: { spec: { type: 'datadog', secretRef: { name: 'datadog' } }, query: 'avg:x' },
    lines: [expect.stringMatching(/^warning .*datadog_api_key/)]
  })
  expect(convert({ graphite: { address: 'http://g', query: 'x' } }).found?.spec).toEqual({ type: 'graphite', address: 'http://g' })
})

test.each([
  { web: { url: 'x' } },
  { job: {} },
  { plugin: {} },
  { unheard: { query: 'x' } },
  { prometheus: { query: 'x' } },
  { datadog: { queries: {} } },
  {}
])('%j has no counterpart', (provider) => {
  expect(convert(provider)).toEqual({ found: undefined, lines: [expect.stringMatching(/^error /)] })
})
