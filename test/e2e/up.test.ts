// `serin up` as a new user meets it.

import { describe, expect, it } from 'vitest'
import { KUBECTL_FOUND } from './run.ts'
import { startSerin } from './serin.ts'

describe('serin up', () => {
  it('prints each address and ready, and stops with 0 on SIGTERM', async () => {
    const serin = await startSerin()
    expect(serin.lines.at(-1)).toBe('ready')
    for (const url of Object.values(serin.addresses).filter((value) => typeof value === 'string')) {
      expect(serin.lines.join('\n')).toContain(url)
    }
    expect(await serin.stop()).toBe(0)
  })

  it.skipIf(!KUBECTL_FOUND)('kubectl: two instances run side by side, each with objects of its own', async () => {
    const [one, two] = await Promise.all([startSerin(), startSerin()])
    try {
      expect(await one.kubectl(['create', 'namespace', 'mine'])).toMatchObject({ code: 0, stdout: 'namespace/mine created\n' })
      expect(await one.kubectl(['get', 'namespace', 'mine', '-o', 'name'])).toMatchObject({ stdout: 'namespace/mine\n' })
      expect((await two.kubectl(['get', 'namespace', 'mine'])).stderr).toBe('Error from server (NotFound): namespaces "mine" not found\n')
    } finally {
      await Promise.all([one.stop(), two.stop()])
    }
  })
})
