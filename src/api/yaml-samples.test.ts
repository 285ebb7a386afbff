// What users have and will paste first: every sample file loads, and Istio's own samples decode without a fault.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decode } from './decode.ts'
import { ISTIO_KINDS } from './istio-kinds.ts'
import { parseYaml } from './yaml.ts'
import { dataPath } from '../../test/data.ts'

const data = dataPath('')

function textsOf(folder: string): readonly { readonly file: string; readonly text: string }[] {
  return readdirSync(join(data, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ya?ml$/.test(file))
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(data, folder, file), 'utf8') }))
}

test.each(['samples', 'virtualservices/route-inputs', 'analyzer/inputs'])('every file of %s loads', (folder) => {
  const texts = textsOf(folder)
  const faults = texts.flatMap(({ file, text }) =>
    parseYaml(text)
      .problems.filter((problem) => problem.severity === 'error')
      .map((problem) => `${file}:${problem.line} ${problem.message}`)
  )
  expect(texts.length).toBeGreaterThan(10)
  expect(faults).toEqual([])
})

test("traffic resources of Istio's samples decode, without unknown fields", () => {
  const objects = textsOf('samples/istio').flatMap(({ file, text }) =>
    parseYaml(text).objects.map((object) => ({ file, value: object.value }))
  )
  const problems = objects.flatMap(({ file, value }) => {
    const kind = ISTIO_KINDS.find((one) => one.kind === value['kind'] && String(value['apiVersion']).startsWith('networking.istio.io/'))
    return kind === undefined ? [] : decode(kind, value).problems.map((problem) => `${file} ${problem.path}: ${problem.message}`)
  })
  expect(problems).toEqual([])
})

test.each([
  ['istio-crds.yaml', 15],
  ['flagger-crds.yaml', 3]
])('the official definitions in %s load', (file, count) => {
  const { objects, problems } = parseYaml(readFileSync(join(data, file), 'utf8'))
  expect(objects).toHaveLength(count)
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
})
