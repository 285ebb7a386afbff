// A command `sleep` that lasts as long as the test wants: scripts that wait for minutes wait for the test instead, however slow the machine is.

import { execFileSync } from 'node:child_process'
import { chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Owns a folder with the command. */
export interface HeldSleep {
  /** The environment in which `sleep` is this one. */
  environment(of: NodeJS.ProcessEnv): NodeJS.ProcessEnv
  /** Resolves as soon as somebody runs the command, with what ends it. Rejects with `over`'s reason when `over` resolves before. */
  next(over: Promise<string>): Promise<() => Promise<void>>
  remove(): void
}

/** `sleep` reads from a pipe that has a name: it is open when both ends are, and ends when the writer closes it. Each sleep has its own. */
export function heldSleep(): HeldSleep {
  const folder = mkdtempSync(join(tmpdir(), 'serin-sleep-'))
  const [pipe, command] = [join(folder, 'pipe'), join(folder, 'sleep')]
  const lay = (): unknown => execFileSync('mkfifo', [pipe])
  lay()
  writeFileSync(command, `#!/bin/sh\nexec cat '${pipe}'\n`)
  chmodSync(command, 0o755)
  return {
    environment: (of) => ({ ...of, PATH: `${folder}:${of['PATH'] ?? ''}` }),
    next: async (over) => {
      const opened = open(pipe, 'w').then((writer) => async (): Promise<void> => {
        // Before the sleeper is woken: who waits for the next sleep must not find the end of this one.
        rmSync(pipe)
        lay()
        await writer.close()
      })
      const ended = over.then(async (why) => {
        // Whoever would wait at the pipe for ever is let through.
        const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
        await (
          await opened
        )()
        await reader.close()
        throw new Error(why)
      })
      return Promise.race([opened, ended])
    },
    remove: () => rmSync(folder, { recursive: true })
  }
}
