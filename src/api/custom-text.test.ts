import { expect, test } from 'vitest'
import { CUSTOM_TEXT } from './custom-text.ts'
import { FLAGGER_KINDS } from './flagger-kinds.ts'
import { ISTIO_KINDS } from './istio-kinds.ts'
import { SERIN_KINDS } from './serin-kinds.ts'

test("explain says of each kind that is not Kubernetes' own what it is, in every version", () => {
  const described = [...FLAGGER_KINDS, ...ISTIO_KINDS, ...SERIN_KINDS].map(({ kind, versions }) => [
    kind,
    new Set(versions.map((one) => one.schema.description))
  ])
  expect(Object.fromEntries(described)).toEqual(
    Object.fromEntries(Object.entries(CUSTOM_TEXT).map(([kind, text]) => [kind, new Set([text])]))
  )
})
