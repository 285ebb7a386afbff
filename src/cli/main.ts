// The program: reads the command line, runs the command, and turns failures into one line and an exit code. A command is loaded when it is
// asked for: `serin up` brings hundreds of modules that `serin status` has no use for.

import { HostError } from '../host/host-error.ts'
import { ManifestError } from './manifest-error.ts'
import { readCommandLine, usageOf } from './options.ts'
import { UnreadableError } from './read-files.ts'
import { tellStatus } from './starter.ts'
import { complain, messageOf, say } from './terminal.ts'
import { ownVersion } from './version.ts'

async function main(words: readonly string[]): Promise<number> {
  const command = readCommandLine(words)
  switch (command.kind) {
    case 'up':
      return (await import('./up-command.ts')).runUp(command.options)
    case 'demo':
      return (await import('./demo-command.ts')).runDemo(command.options)
    case 'lint':
      return (await import('./lint-command.ts')).lintFiles(command.options)
    case 'rehearse': {
      const { rehearseFiles } = await import('./rehearse-command.ts')
      return rehearseFiles(command.options, { say, complain })
    }
    case 'convert': {
      const { convertFiles } = await import('./convert.ts')
      return convertFiles(command.files, { say, complain: (line) => void process.stderr.write(`${line}\n`) })
    }
    case 'backtest':
      return (await import('./backtest-command.ts')).runBacktest(command.options)
    case 'status':
    case 'history':
    case 'verb': {
      const { runRolloutCommand } = await import('./rollout-command.ts')
      return runRolloutCommand(command, complain)
    }
    case 'version':
      say(ownVersion())
      return 0
    case 'help':
      say(command.text.trimEnd())
      return 0
    case 'wrong':
      complain(`${command.message}; ${usageOf(words[0] ?? '') === undefined ? 'serin help' : `serin help ${words[0]}`} says more`)
      return 2
  }
}

/** What the user named and cannot be used is 2, what the world or the content of files refuses is 1. */
function codeOf(error: unknown): number {
  return error instanceof UnreadableError ? 2 : 1
}

// A reader that has seen enough (`| head`) closes the pipe: what is left is for nobody, and a running mesh goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

let status: number
try {
  status = await main(process.argv.slice(2))
} catch (error) {
  for (const line of error instanceof ManifestError ? error.lines : [messageOf(error)]) complain(line)
  // A failure of the world is one line; anything else is a bug and its stack is wanted.
  if (!(error instanceof HostError) && error instanceof TypeError) process.stderr.write(`${error.stack ?? ''}\n`)
  status = codeOf(error)
}
process.exitCode = status
await tellStatus(status)
if (process.connected === true) process.disconnect()
// Left to end by itself, Node takes its handlers of signals away long before: the second half of a Ctrl-C (asked.ts) would kill what has
// ended well.
// What a slow reader has not taken yet would be lost with the process.
await Promise.all([process.stdout, process.stderr].map(written))
process.exit()

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}
