// A file as a stream that can be given up at any time. What a slow writer or a terminal feeds is read without a thread that waits for it: Node
// cannot end, not even by process.exit, while one does.

import { constants, createReadStream, fstatSync, open } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'

const openFile = promisify(open)

/** Opens it; rejects with what the system says. Whoever reads destroys it. */
export async function inputStream(file: string): Promise<Readable> {
  // A pipe that nobody writes to yet holds up an open of the usual kind.
  const fd = await openFile(file, constants.O_RDONLY | constants.O_NONBLOCK)
  if (isatty(fd)) return new ReadStream(fd)
  const stat = fstatSync(fd)
  return stat.isFIFO() || stat.isSocket() ? new Socket({ fd, readable: true, writable: false }) : createReadStream(file, { fd })
}
