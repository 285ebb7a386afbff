// How the world fails in this part: one error class, a code per situation.

/** What went wrong with the machine underneath. */
export type HostErrorCode = 'locked' | 'spawn-failed' | 'no-slot' | 'port-busy' | 'storage' | 'not-a-data-dir'

/** A failure of files, processes or addresses; `message` is fit for the user. */
export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode

  constructor(code: HostErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** The errno word of a system error (`ENOENT`), undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
