// Values that kubectl's YAML 1.1 reader takes for something else than YAML 1.2 does, and numbers that lose digits.

import { isScalar, visit } from 'yaml'
import type { Document } from 'yaml'
import type { Problem } from '../std/problem.ts'

const OLD_TRUTH = /^(yes|Yes|YES|on|On|ON)$/
const OLD_FALSEHOOD = /^(no|No|NO|off|Off|OFF)$/
const OLD_OCTAL = /^[-+]?0[0-7]+$/
const NOTES_MAX = 100

/** Warnings about plain scalars of a composed document, each with its offset in the text; at most 100. */
export function notesOn(document: Document): readonly (Problem & { readonly offset: number })[] {
  const notes: (Problem & { readonly offset: number })[] = []
  visit(document, {
    Scalar(_, node) {
      if (notes.length >= NOTES_MAX) return visit.BREAK
      const message = isScalar(node) && node.type === 'PLAIN' ? noteOn(node.source ?? '', node.value) : undefined
      if (message !== undefined) notes.push({ code: 'yaml-1.1', severity: 'warning', path: '', message, offset: node.range?.[0] ?? 0 })
      return undefined
    }
  })
  return notes
}

function noteOn(source: string, value: unknown): string | undefined {
  if (OLD_TRUTH.test(source)) return `${source} is a text here, but kubectl reads it as true: quote it or write true`
  if (OLD_FALSEHOOD.test(source)) return `${source} is a text here, but kubectl reads it as false: quote it or write false`
  if (OLD_OCTAL.test(source)) return `${source} is decimal here, but kubectl reads it as octal: quote it or drop the zeros`
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return `${source} has more digits than are kept`
  return undefined
}
