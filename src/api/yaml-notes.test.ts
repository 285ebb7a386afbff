import { parseDocument } from 'yaml'
import { expect, test } from 'vitest'
import { notesOn } from './yaml-notes.ts'

test.each([
  ['on', 'kubectl reads it as true'],
  ['No', 'kubectl reads it as false'],
  ['0755', 'kubectl reads it as octal'],
  ['9007199254740993', 'more digits than are kept']
])('a plain %s is noted', (text, words) => {
  expect(notesOn(parseDocument(`a: ${text}`)).map((note) => [note.offset, note.message.includes(words)])).toEqual([[3, true]])
})

test.each(['"on"', "'no'", 'true', 'y', '10', '0', '1.5', 'null'])('%s is not noted', (text) => {
  expect(notesOn(parseDocument(`a: ${text}`))).toEqual([])
})
