import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dig, isObject } from '../std/json.ts'
import { BUILTIN_KINDS } from './builtin-kinds.ts'
import { dataUrl } from '../../test/data.ts'

const FILE = dataUrl('kubectl/cases-1.36.3.json')

// What a real API server serves, as `v1/pods/status` and `apps/v1/deployments`.
function recorded(): ReadonlySet<string> {
  if (!existsSync(FILE))
    throw new Error('the recording ../shared/data/kubectl/cases-1.36.3.json is missing: get the shared data to run this test')
  const served = new Set<string>()
  const common = dig(JSON.parse(readFileSync(FILE, 'utf8')), 'common')
  for (const document of isObject(common) ? Object.values(common) : []) {
    const versions = dig(document, 'responseBody', 'groupVersions')
    for (const [version, names] of isObject(versions) ? Object.entries(versions) : []) {
      for (const name of Array.isArray(names) ? names : []) served.add(`${version}/${String(name)}`)
    }
  }
  return served
}

const served = recorded()

test.each(BUILTIN_KINDS.map((kind) => [kind.plural, kind] as const))('%s have the subresources of a real server', (_, kind) => {
  const path = `${kind.group === '' ? '' : `${kind.group}/`}v1/${kind.plural}`
  const real = [served.has(path), served.has(`${path}/status`), served.has(`${path}/scale`)]
  expect([true, kind.status === 'subresource', kind.scale !== undefined]).toEqual(real)
})

test('short names are those of kubectl', () => {
  const names = BUILTIN_KINDS.map((kind) => [kind.kind, ...kind.shortNames].join(' '))
  const short = ['Namespace ns', 'Pod po', 'Service svc', 'ConfigMap cm', 'ServiceAccount sa', 'Endpoints ep', 'Deployment deploy']
  expect(names).toEqual(
    expect.arrayContaining([
      ...short,
      'ReplicaSet rs',
      'DaemonSet ds',
      'HorizontalPodAutoscaler hpa',
      'Event ev',
      'Secret',
      'Lease',
      'EndpointSlice'
    ])
  )
  expect(BUILTIN_KINDS.filter((kind) => kind.categories.includes('all')).map((kind) => kind.plural)).toEqual([
    'pods',
    'services',
    'daemonsets',
    'deployments',
    'replicasets',
    'horizontalpodautoscalers'
  ])
})
