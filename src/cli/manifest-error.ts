// The failure of files that cannot be applied.

/** Files hold what the API would refuse: a line for each, with file, line, object and field. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('; '))
    this.lines = lines
  }
}
