// Which command stands for an image: the user's patterns first, then the images that come with Serin.

/** Either another image (its tag replaced by the one asked for) or a command: a list, or one line split at spaces. */
export type ImageTarget = string | readonly string[]

/** Patterns in order; `*` stands for anything. `builtIn` maps repositories without tag to commands. */
export interface ImageMap {
  readonly patterns: Readonly<Record<string, ImageTarget>>
  readonly builtIn: Readonly<Record<string, readonly string[]>>
}

/** What to run for an image. */
export interface ImageCommand {
  readonly command: readonly string[]
  /** The repository whose command it is. */
  readonly repository: string
  /** The tag of the image asked for, `latest` without one. */
  readonly tag: string
}

/**
 * The command for `image`, undefined when nothing maps it. A pattern is compared with the image as written and without `docker.io/` or
 * `docker.io/library/`; a pattern without a colon after its last slash matches any tag. The first pattern that matches decides.
 */
export function commandFor(image: string, map: ImageMap): ImageCommand | undefined {
  const { repository, tag } = splitImage(image)
  for (const [pattern, target] of Object.entries(map.patterns)) {
    if (!matches(pattern, repository, tag)) continue
    const words = typeof target === 'string' ? target.trim().split(/\s+/) : target
    const [only = ''] = words
    const named = typeof target === 'string' && words.length === 1 ? map.builtIn[splitImage(only).repository] : undefined
    if (named !== undefined) return { command: named, repository: splitImage(only).repository, tag }
    return only === '' ? undefined : { command: words, repository, tag }
  }
  const command = map.builtIn[repository]
  return command === undefined ? undefined : { command, repository, tag }
}

/** Repository (without docker.io) and tag of an image; a digest is dropped. */
export function splitImage(image: string): { readonly repository: string; readonly tag: string } {
  const [bare = ''] = image.split('@')
  const colon = bare.lastIndexOf(':')
  const tagged = colon > bare.lastIndexOf('/')
  const repository = (tagged ? bare.slice(0, colon) : bare).replace(/^docker\.io\/(library\/)?/, '')
  return { repository, tag: tagged ? bare.slice(colon + 1) : 'latest' }
}

function matches(pattern: string, repository: string, tag: string): boolean {
  const wanted = pattern.replace(/^docker\.io\/(library\/)?/, '')
  const tagged = wanted.lastIndexOf(':') > wanted.lastIndexOf('/')
  return glob(tagged ? wanted : `${wanted}:*`, `${repository}:${tag}`)
}

// Each part between stars must follow the part before it: linear, whatever the pattern.
function glob(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  const last = rest.pop() ?? ''
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

/** What to tell the user of an image that nothing maps, and of its command where that is not on this machine. */
export function imageProblem(image: string, command?: string): string {
  const { repository } = splitImage(image)
  const way =
    command === undefined
      ? 'containers are local processes. Give the container a command'
      : `containers are local processes, and "${command}" is no program of this machine. Give the container another command`
  return (
    `image "${image}" cannot be run: ${way}, or map the image in serin.yaml ` +
    `(--config FILE), for example  images: {"${repository}:*": "serin/demo"}  or  images: {"${repository}:*": "node ./server.js"}`
  )
}
