import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isObject } from '../std/json.ts'
import { decodeBuiltin } from './builtin-decode.ts'
import { defaultBuiltin } from './builtin-defaults.ts'
import { builtinMessage } from './builtin-messages.ts'
import { messageSchema } from './builtin-schema.ts'
import { validateBuiltin } from './builtin-validate.ts'
import { validate } from './validate.ts'
import { dataPath } from '../../test/data.ts'

const FOLDER = dataPath('samples')

// Every object of a built-in kind in the sample manifests of Istio and Flagger; the snippets of Flagger's docs are fragments.
function samples(): readonly (readonly [string, string, Record<string, unknown>])[] {
  if (!existsSync(FOLDER)) throw new Error('the samples ../shared/data/samples are missing: get the shared data to run this test')
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ya?ml$/.test(file) && !file.startsWith('flagger/docs/')
  )
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(`${FOLDER}/${file}`, 'utf8')).flatMap((document, index) => {
      const value: unknown = document.errors.length === 0 ? document.toJS() : undefined
      if (!isObject(value)) return []
      const message = builtinMessage(String(value['apiVersion']), String(value['kind']))
      return message === undefined ? [] : [[`${file} ${index}`, message, value] as const]
    })
  )
}
const found = samples()

test('there are many samples', () => {
  expect(found.length).toBeGreaterThan(50)
})

test.each(found)('%s, a %s, is accepted as it is', (_, message, object) => {
  const decoded = decodeBuiltin(message, object)
  expect(decoded).toMatchObject({ kind: 'decoded', unknownFields: [] })
  const full = defaultBuiltin(message, decoded.kind === 'decoded' ? decoded.value : {})
  expect([...validateBuiltin(message, full), ...validate(messageSchema(message), full, 'built-in')]).toEqual([])
})
