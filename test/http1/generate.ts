// Streams of HTTP/1.1 messages by seed: well-formed ones from the grammar of RFC 9112, each part of which may be replaced by something that two
// readers could understand differently, and now and then bytes changed anywhere.

import { Dice } from './dice.ts'
import type { Stream } from './reading.ts'
import {
  CONNECTIONS,
  ODD_CONNECTIONS,
  LENGTHS,
  CODINGS,
  UPGRADES,
  EXTENSIONS,
  ODD_EXTENSIONS,
  TRAILERS,
  ODD_TRAILERS,
  LINE_ENDS,
  BODIES,
  BEFORE
} from './framing-pieces.ts'
import {
  METHODS,
  ODD_METHODS,
  TARGETS,
  ODD_TARGETS,
  VERSIONS,
  ODD_VERSIONS,
  REASONS,
  ODD_REASONS,
  STATUSES,
  ODD_STATUSES,
  PLAIN_FIELDS,
  ODD_FIELDS
} from './pieces.ts'

/** A stream, and how many messages were put in it. */
export interface Generated extends Stream {
  readonly count: number
}

/** The stream with this number: always the same one. */
export function generate(number: number): Generated {
  const dice = new Dice(number)
  const type = dice.chance(0.6) ? 'request' : 'response'
  const count = dice.pick([1, 1, 2, 2, 3])
  // How much goes wrong: nothing in a third of the streams.
  const odds = dice.pick([0, 0.02, 0.1])
  let text = ''
  for (let at = 0; at < count; at++) text += new Message(dice, type, odds).text()
  if (dice.chance(odds)) text = changed(dice, text)
  if (dice.chance(odds / 2)) text = text.slice(0, dice.below(text.length))
  return {
    type,
    bytes: Buffer.from(text, 'latin1'),
    toHead: type === 'response' && dice.chance(0.08),
    toUpgrade: type === 'response' && dice.chance(0.2),
    count
  }
}

// A few bytes of the text put elsewhere, left out, doubled or replaced.
function changed(dice: Dice, text: string): string {
  const at = dice.below(text.length)
  const length = dice.pick([1, 1, 1, 2, 5])
  const piece = text.slice(at, at + length)
  const to = dice.below(text.length)
  switch (dice.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length)
    case 1:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + String.fromCharCode(dice.pick([0, 9, 10, 13, 32, 34, 44, 58, 59, 127, 128, 255])) + text.slice(at)
    case 3:
      return text.slice(0, to) + piece + text.slice(to)
    default:
      return text.slice(0, at) + piece + piece + text.slice(at + length)
  }
}

// One message, made part by part.
class Message {
  readonly #dice: Dice
  readonly #type: Stream['type']
  readonly #odds: number

  constructor(dice: Dice, type: Stream['type'], odds: number) {
    this.#dice = dice
    this.#type = type
    this.#odds = odds
  }

  text(): string {
    const { framing, body } = this.#body()
    const fields = [...this.#host(), ...framing, ...this.#connection(), ...this.#others()]
    this.#shuffle(fields)
    const lines = [this.#startLine(), ...fields, '']
    return (this.#odd() ? this.#dice.pick(BEFORE) : '') + lines.map((line) => line + this.#end()).join('') + body
  }

  #odd(): boolean {
    return this.#dice.chance(this.#odds)
  }

  #end(): string {
    return this.#dice.chance(this.#odds / 10) ? this.#dice.pick(LINE_ENDS) : '\r\n'
  }

  #oneOf(usual: readonly string[], odd: readonly string[]): string {
    return this.#dice.pick(this.#odd() ? odd : usual)
  }

  #shuffle(fields: string[]): void {
    for (let at = fields.length - 1; at > 0; at--) {
      const other = this.#dice.below(at + 1)
      const kept = fields[at] ?? ''
      fields[at] = fields[other] ?? ''
      fields[other] = kept
    }
  }

  #startLine(): string {
    const version = this.#oneOf(VERSIONS, ODD_VERSIONS)
    const gap = this.#dice.chance(this.#odds / 10) ? this.#dice.pick(['  ', '\t', '', ' \t']) : ' '
    if (this.#type === 'request') return this.#oneOf(METHODS, ODD_METHODS) + gap + this.#oneOf(TARGETS, ODD_TARGETS) + gap + version
    return version + gap + this.#oneOf(STATUSES, ODD_STATUSES) + this.#oneOf(REASONS, ODD_REASONS)
  }

  #host(): string[] {
    if (this.#type === 'response') return []
    const host = this.#dice.recase('Host')
    if (!this.#odd()) return [`${host}: ${this.#dice.pick(['h', 'h:80', '[::1]', 'a.b.c'])}`]
    return this.#dice.pick([
      [],
      ['Host:'],
      ['Host: a b'],
      ['Host: u@h'],
      ['Host: a, b'],
      ['Host: \u00e9'],
      ['Host: h', 'Host: h'],
      ['Host: h', 'host: i'],
      ['Host: h/'],
      ['Host: h\t'],
      ['Host: [::1']
    ])
  }

  #connection(): string[] {
    const dice = this.#dice
    const fields: string[] = []
    if (dice.chance(0.25)) fields.push(`${dice.recase('Connection')}: ${this.#oneOf(CONNECTIONS, ODD_CONNECTIONS)}`)
    if (dice.chance(0.05)) fields.push(`Connection: ${dice.pick(CONNECTIONS)}`)
    if (dice.chance(0.06)) fields.push(`Upgrade: ${dice.pick(UPGRADES)}`, ...(dice.chance(0.7) ? ['Connection: Upgrade'] : []))
    if (dice.chance(this.#odds / 20))
      fields.push(`Connection: ${Array.from({ length: 6 + dice.below(8) }, (_, at) => `n${at}`).join(dice.pick([',', ', ']))}`)
    return fields
  }

  #others(): string[] {
    const dice = this.#dice
    const fields = Array.from({ length: dice.below(4) }, () => this.#oneOf(PLAIN_FIELDS, ODD_FIELDS))
    if (dice.chance(this.#odds / 50)) fields.push(...Array.from({ length: 120 + dice.below(12) }, (_, at) => `f${at}: 1`))
    if (dice.chance(this.#odds / 100)) fields.push(`Long: ${'y'.repeat(65_300 + dice.below(400))}`)
    return fields
  }

  // The framing fields and the bytes that follow the head.
  #body(): { readonly framing: string[]; readonly body: string } {
    const dice = this.#dice
    const body = dice.pick(BODIES)
    const length = dice.recase('Content-Length')
    const coding = `${dice.recase('Transfer-Encoding')}: ${dice.recase('chunked')}`
    if (this.#odd()) return this.#oddBody(body)
    switch (dice.below(4)) {
      case 0:
        return { framing: [], body: '' }
      case 1:
        return { framing: [], body: this.#type === 'response' ? body : '' }
      case 2:
        return { framing: [`${length}: ${body.length}`], body }
      default:
        return { framing: [coding], body: this.#chunks(body) }
    }
  }

  #oddBody(body: string): { readonly framing: string[]; readonly body: string } {
    const dice = this.#dice
    const length = `Content-Length: ${dice.pick([...LENGTHS, 'N', 'N', 'N']).replaceAll('N', String(body.length))}`
    const coding = `Transfer-Encoding: ${dice.pick([...CODINGS, 'chunked', 'chunked'])}`
    const sent = dice.chance(0.5) ? body : this.#chunks(body)
    const other = dice.chance(0.5) ? 'Content-Length: 3' : 'Transfer-Encoding: chunked'
    return {
      framing: dice.pick([[length], [coding], [length, coding], [length, length], [coding, coding], [length, other], [coding, other]]),
      body: sent
    }
  }

  #chunks(body: string): string {
    const dice = this.#dice
    let text = ''
    let at = 0
    while (at < body.length) {
      const size = 1 + dice.below(body.length - at)
      text += this.#chunk(size, body.slice(at, at + size))
      at += size
    }
    const trailers = dice.chance(0.8) ? [] : Array.from({ length: 1 + dice.below(2) }, () => this.#oneOf(TRAILERS, ODD_TRAILERS))
    if (dice.chance(this.#odds / 50)) trailers.push(`X-Long: ${'z'.repeat(8100 + dice.below(100))}`)
    return `${text}${this.#sizeLine(0)}${[...trailers, ''].map((line) => line + this.#end()).join('')}`
  }

  #chunk(size: number, data: string): string {
    return `${this.#sizeLine(size)}${data}${this.#end()}`
  }

  #sizeLine(size: number): string {
    const dice = this.#dice
    const hex = dice.chance(0.5) ? size.toString(16) : size.toString(16).toUpperCase()
    const digits = this.#odd()
      ? dice.pick([
          `0x${hex}`,
          `0${hex}`,
          `000000000000${hex}`,
          `-${hex}`,
          `+${hex}`,
          ` ${hex}`,
          `${hex} `,
          '',
          'g',
          `${hex}h`,
          'fffffffffffff',
          'fffffffffffffffff',
          `\t${hex}`,
          `0000000000${hex}`
        ])
      : hex
    const extension = dice.chance(0.15) ? this.#oneOf(EXTENSIONS, ODD_EXTENSIONS) : this.#odd() ? dice.pick(ODD_EXTENSIONS) : ''
    const long = dice.chance(this.#odds / 50) ? `;${'e'.repeat(990 + dice.below(60))}` : ''
    return digits + extension + long + this.#end()
  }
}
