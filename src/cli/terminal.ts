// What commands say on this machine's terminal: results on standard output, everything else on standard error behind the program's name.

export const say = (line: string): void => void process.stdout.write(`${line}\n`)
export const complain = (line: string): void => void process.stderr.write(`serin: ${line}\n`)

/** The sentence of a failure. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
