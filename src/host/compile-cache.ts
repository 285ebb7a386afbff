// Where Node keeps what it compiled: bin/serin names the folder in a checkout, and our own programs that are started without the rest of
// the environment are told of it. Stripping and compiling TypeScript is most of their start.

/** What a child of ours needs in its environment to start from the cache; nothing where there is none. */
export function compileCache(): Readonly<Record<string, string>> {
  const folder = process.env['NODE_COMPILE_CACHE']
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}
