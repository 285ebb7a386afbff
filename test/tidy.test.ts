// The rules that lint cannot hold: the dependency table of ARCHITECTURE.md, tests beside the core, doc comments, no leftovers, documents that
// name what is there.

import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const src = join(root, 'src')

// ARCHITECTURE.md, "Parts": what each part may import.
const TABLE: Record<string, readonly string[]> = {
  std: [],
  api: ['std'],
  route: ['std', 'api'],
  gate: ['std', 'api'],
  template: [],
  canary: ['std', 'api', 'gate', 'template'],
  objects: ['std', 'api', 'gate', 'template', 'canary'],
  rollout: ['std', 'api', 'gate', 'template', 'canary', 'objects'],
  workload: ['std', 'api'],
  lint: ['std', 'api', 'route', 'gate', 'canary', 'objects', 'rollout', 'template'],
  convert: ['std', 'api'],
  store: ['std', 'api'],
  kube: ['std', 'api', 'store'],
  metrics: ['std', 'api', 'gate'],
  control: ['std', 'api', 'gate', 'canary', 'objects', 'rollout', 'template', 'workload', 'kube', 'metrics'],
  host: ['std'],
  server: ['std', 'api', 'store', 'kube'],
  remote: ['std', 'api', 'gate', 'kube', 'metrics'],
  proxy: ['std', 'api', 'route', 'metrics'],
  kubelet: ['std', 'api', 'workload', 'kube'],
  load: ['std', 'metrics'],
  apps: ['std', 'load'],
  sim: ['std', 'api', 'route', 'gate', 'canary', 'objects', 'rollout', 'convert', 'store', 'kube', 'metrics', 'control']
}
const ANYTHING = ['cli']
const CORE = ['std', 'api', 'route', 'gate', 'template', 'canary', 'objects', 'rollout', 'workload', 'lint', 'convert', 'store']

interface Source {
  readonly path: string
  readonly part: string
  readonly text: string
  readonly imports: readonly string[]
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  const imports = [...found].map((match) => resolve(dirname(path), match[1] ?? ''))
  return { path, part: relative(src, path).split('/')[0] ?? '', text, imports }
}

const sources = filesUnder(src)
  .filter((path) => path.endsWith('.ts'))
  .map(readSource)
const product = sources.filter((source) => !source.path.endsWith('.test.ts'))
const others = ['test', 'bench', 'scripts', 'web'].flatMap((folder) =>
  filesUnder(join(root, folder)).filter((path) => path.endsWith('.ts'))
)
const show = (path: string): string => relative(root, path)

test('imports follow the dependency table', () => {
  const wrong = product.flatMap((source) =>
    source.imports
      .map((path) => relative(src, path).split('/')[0] ?? '')
      .filter((part) => part !== source.part && !ANYTHING.includes(source.part) && !TABLE[source.part]?.includes(part))
      .map((part) => `${show(source.path)} imports ${part}`)
  )
  expect(wrong).toEqual([])
})

test('every source file is src/<known part>/<kebab-case>.ts', () => {
  const known = new Set([...Object.keys(TABLE), ...ANYTHING])
  const wrong = filesUnder(src).filter((path) => {
    const [part = '', name = '', ...deeper] = relative(src, path).split('/')
    return !known.has(part) || deeper.length > 0 || !/^[a-z0-9-]+(\.test)?\.(ts|cjs)$/.test(name)
  })
  expect(wrong.map(show)).toEqual([])
})

test('every source file is imported by another, but for the programs', () => {
  const programs = new Set(['src/cli/main.ts'])
  const used = new Set([...sources, ...others.map(readSource)].flatMap((source) => source.imports))
  const started = [...product, ...others.map(readSource)].map((source) => source.text).join('\n')
  const byUrl = (path: string): boolean => started.includes(`'./${path.split('/').pop()}'`) || started.includes(`${relative(src, path)}'`)
  const unused = product.filter((source) => !used.has(source.path) && !programs.has(show(source.path)) && !byUrl(source.path))
  expect(unused.map((source) => show(source.path))).toEqual([])
})

test('every file of tests and benches is imported by another, or named by what starts it', () => {
  const used = new Set([...sources, ...others.map(readSource)].flatMap((source) => source.imports))
  const starters = [
    ...filesUnder(join(root, 'scripts')),
    ...['package.json', 'CONTRIBUTING.md', 'vitest.config.ts'].map((name) => join(root, name))
  ]
  const named = [...starters, ...others].map((path) => readFileSync(path, 'utf8')).join('\n')
  const unused = others.filter(
    (path) => !path.endsWith('.test.ts') && !used.has(path) && !named.includes(show(path)) && !named.includes(`'./${basename(path)}'`)
  )
  expect(unused.map(show)).toEqual([])
})

test('every core module with behaviour has a test beside it', () => {
  const typesOnly = (text: string): boolean => !/^(export )?(async )?(function|class|const|let)\b/m.test(text)
  const untested = product.filter(
    (source) => CORE.includes(source.part) && !typesOnly(source.text) && !existsSync(source.path.replace(/\.ts$/, '.test.ts'))
  )
  expect(untested.map((source) => show(source.path))).toEqual([])
})

test('every core module opens with a comment and documents its exported functions, classes and interfaces', () => {
  const wrong = product
    .filter((source) => CORE.includes(source.part))
    .flatMap((source) => {
      const lines = source.text.split('\n')
      const bare = lines.flatMap((line, index) =>
        /^export (async function|function|class|interface)\b/.test(line) && !/(\*\/|^\s*\/\/.*)$/.test(lines[index - 1] ?? '')
          ? [`${show(source.path)}:${index + 1} ${line}`]
          : []
      )
      return lines[0]?.startsWith('//') ? bare : [`${show(source.path)} has no header`, ...bare]
    })
  expect(wrong).toEqual([])
})

test('every golden file is read by a test', () => {
  const tests = [...sources, ...others.map(readSource)].map((source) => source.text).join('\n')
  const unread = filesUnder(join(root, 'test', 'golden')).filter((path) => {
    const [part = ''] = relative(join(root, 'test', 'golden'), path).split('/')
    return !tests.includes(`golden/${part}`)
  })
  expect(unread.map(show)).toEqual([])
})

test('no reminders, silenced checks or commented-out tests are left in the text', () => {
  const leftover = /TODO|FIXME|XXX|@ts-ignore|@ts-expect-error|oxlint-disable/
  const found = [...sources.map((source) => source.path), ...others.filter((path) => !path.endsWith('tidy.test.ts'))].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) => (leftover.test(line) ? [`${show(path)}:${index + 1}`] : []))
  )
  expect(found).toEqual([])
})

const FOLDERS = ['src', 'test', 'bench', 'scripts', 'docs', 'examples', 'bin']
const documents = ['README.md', 'CHANGELOG.md', 'ARCHITECTURE.md', 'bench/README.md', ...globSync('docs/**/*.md', { cwd: root })]

// `a/{b,c*}` -> `a/b`, `a/c*`.
function spelledOut(path: string): readonly string[] {
  const [, before = '', list, after = ''] = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path) ?? []
  return list === undefined ? [path] : list.split(',').flatMap((each) => spelledOut(`${before}${each}${after}`))
}

// Documents say `gate/look` for src/gate/look.ts, and leave out the end of names; globSync also finds what has no `*`.
function isThere(path: string): boolean {
  const places = [path, `src/${path}`].flatMap((each) => [each, `${each}.ts`, `${each}.test.ts`, `${each}-*.md`])
  return places.some((each) => globSync(each, { cwd: root }).length > 0)
}

test('documents name files and npm scripts that exist', () => {
  const firsts = [...FOLDERS, ...Object.keys(TABLE), ...ANYTHING]
  const scripts = Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: object }).scripts)
  const wrong = documents.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8')
    const words = [...text.matchAll(/`([^`<>\n]+)`/g)].flatMap(([, code = '']) => code.split(' ').flatMap(spelledOut))
    const paths = words.filter((word) => firsts.includes(/^([\w-]+)\/./.exec(word)?.[1] ?? ''))
    const links = [...text.matchAll(/\]\((?!\w+:)([^)#]+)/g)].map(([, link = '']) => link)
    const runs = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script)
    return [
      ...paths.filter((path) => !isThere(path)),
      ...links.filter((link) => !existsSync(join(root, dirname(name), link))),
      ...runs.filter((script) => !scripts.includes(script))
    ].map((missing) => `${name}: ${missing}`)
  })
  expect(wrong).toEqual([])
})
