// Query templates of metrics (flagger.md 4.3): Go's text/template without a data object. Pure and bounded: a template can neither run code
// nor take long, whoever wrote it.

import { FUNCTIONS } from './functions.ts'
import { parseTemplate } from './parse.ts'
import { MAX_SIZE, runTemplate } from './run.ts'
import { TemplateError } from './value.ts'

/** What a query may ask for; `variables` are the metric's templateVariables. */
export interface TemplateModel {
  readonly name: string
  readonly namespace: string
  readonly target: string
  readonly service: string
  readonly ingress: string
  readonly route: string
  readonly interval: string
  readonly variables: Readonly<Record<string, string>>
}

/** The query, or what is wrong with the template, with its line. */
export type Rendered = { readonly kind: 'query'; readonly query: string } | { readonly kind: 'wrong'; readonly because: string }

/** Fills in `source` with `model`. */
export function renderQuery(source: string, model: TemplateModel): Rendered {
  const given = { ...model, variables: new Map(Object.entries(model.variables)) }
  return guarded(source, () => runTemplate(parseTemplate(source, KNOWN), given))
}

/** What is wrong with `source` whatever it is filled in with; undefined for nothing. */
export function templateProblem(source: string): string | undefined {
  const read = guarded(source, () => {
    parseTemplate(source, KNOWN)
    return ''
  })
  return read.kind === 'wrong' ? read.because : undefined
}

const NAMES: readonly (keyof TemplateModel)[] = ['name', 'namespace', 'target', 'service', 'ingress', 'route', 'interval', 'variables']
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(FUNCTIONS), 'and', 'or', ...NAMES])

function guarded(source: string, make: () => string): Rendered {
  if (source.length > MAX_SIZE) return { kind: 'wrong', because: `the template is longer than ${MAX_SIZE} characters` }
  try {
    return { kind: 'query', query: make() }
  } catch (error) {
    if (error instanceof TemplateError) return { kind: 'wrong', because: error.message }
    throw error
  }
}
