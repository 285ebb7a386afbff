import { describe, expect, it } from 'vitest'
import { versionsOf } from './versions.ts'

function workload(version: string | undefined, image: string) {
  const template = { metadata: { labels: version === undefined ? {} : { version } }, spec: { containers: [{ name: 'app', image }] } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec: { template } }
}

describe('versionsOf', () => {
  it.each([
    [workload('v2', 'shop:7'), workload('v1', 'shop:6'), 'v2', 'v1'],
    [workload('v1', 'shop:7'), workload('v1', 'shop:6'), '7', '6'],
    [workload(undefined, 'host:5000/shop:1.2.3-rc1'), workload(undefined, 'host:5000/shop:1.2.2'), '1.2.3-rc1', '1.2.2'],
    [workload(undefined, 'host:5000/shop'), workload(undefined, 'host:5000/shop:2'), 'the canary', 'the primary'],
    [workload(undefined, 'shop@sha256:0123'), workload(undefined, 'shop:1'), 'the canary', 'the primary'],
    [undefined, undefined, 'the canary', 'the primary']
  ])('calls the versions what tells them apart: case %#', (target, primary, canary, stable) => {
    expect(versionsOf({ target, primary })).toEqual({ canary, stable })
  })
})
