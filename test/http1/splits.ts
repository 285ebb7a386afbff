// The same stream in other pieces: what is read must not depend on where reads end.

import type { Ending, Stream } from './reading.ts'
import { readBySerin } from './serin-reader.ts'
import type { Coding, OwnReading } from './serin-reader.ts'

interface Split {
  readonly cuts: readonly number[]
  readonly coding: Coding
  /** How the whole ends. */
  readonly ending: Ending
}

/** Every split in two, and byte by byte, against the whole: the first that differs, in words. */
export function splitProblem(stream: Stream): string | undefined {
  const { length } = stream.bytes
  for (const coding of ['bare', 'chunked'] as const) {
    const read = readBySerin(stream, [], coding)
    const whole = told(read, stream, coding)
    const single = Array.from({ length: Math.max(0, length - 1) }, (_, at) => at + 1)
    for (const cuts of [single, ...single.map((at) => [at])]) {
      const split = told(settled(stream, { cuts, coding, ending: read.ending }), stream, coding)
      if (split !== whole) return `${coding}, in ${cuts.length + 1} pieces from ${cuts[0]}: ${split} instead of ${whole}`
    }
  }
  return undefined
}

// A head that comes in pieces is looked at again when a line ends or it has doubled, so the last line's end may be needed to see what is wrong.
function settled(stream: Stream, { cuts, coding, ending }: Split): OwnReading {
  const { bytes } = stream
  const read = readBySerin(stream, cuts, coding)
  if (read.ending !== 'more' || ending !== 'refused') return read
  return readBySerin({ ...stream, bytes: Buffer.concat([bytes, Buffer.from('\n')]) }, [...cuts, bytes.length], coding)
}

// How much of a body is passed on before its framing proves wrong depends on the reads, as does the size of chunks made for a body that the end
// of the connection ends; the date is that of the moment.
function told({ messages, ending, reason, passedOn }: OwnReading, { type }: Stream, coding: Coding): string {
  const whole = messages.map((message) => (message.complete ? message : { ...message, body: '' }))
  const sent = passedOn.map((text, at) => {
    const [edited = '', ...body] = text.replace(/\r\ndate: [^\r]*/, '').split('\r\n\r\n')
    const isChunked = type === 'response' && coding === 'chunked'
    return messages[at]?.complete === true && !isChunked ? [edited, ...body] : [edited]
  })
  return JSON.stringify([whole, ending, reason, sent])
}
