// The terminal while the demo draws on it: its second screen, so that nothing of the first is lost; only lines that changed are written,
// so that text selected with the mouse stays selected. Owns the terminal's state from open to close.

import type { Line, Size, Tone } from './demo-view.ts'

/** The part of a terminal stream that is used. */
export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

// Second screen, no cursor, no wrapping of long lines; and back.
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[2J'
const LEAVE = '\u001B[?7h\u001B[?25h\u001B[?1049l'
const COLOUR: Readonly<Record<Tone, string>> = { plain: '', strong: '1', dim: '2', good: '32', bad: '31' }

/** What is drawn now. */
export class Screen {
  readonly #terminal: Terminal
  readonly #colour: 'colour' | 'none'
  #drawn: readonly string[] = []
  #open = false

  constructor(terminal: Terminal, colour: 'colour' | 'none') {
    this.#terminal = terminal
    this.#colour = colour
  }

  /** What fits; 24 lines of 80 where the terminal does not say. */
  get size(): Size {
    return { columns: this.#terminal.columns || 80, rows: this.#terminal.rows || 24 }
  }

  /** Shows `lines` in place of what was there. */
  draw(lines: readonly Line[]): void {
    const next = lines.map(({ text, tone }) => styled(text, tone, this.#colour))
    const changes: string[] = []
    for (let index = 0; index < Math.max(next.length, this.#drawn.length); index++) {
      if (this.#open && next[index] === this.#drawn[index]) continue
      changes.push(`\u001B[${index + 1};1H${next[index] ?? ''}\u001B[K`)
    }
    const enter = this.#open ? '' : ENTER
    this.#open = true
    this.#drawn = next
    if (enter !== '' || changes.length > 0) this.#terminal.write(enter + changes.join(''))
  }

  /** Forgets what was drawn: the terminal changed its size or was used by others. */
  refresh(): void {
    if (!this.#open) return
    this.#drawn = []
    this.#terminal.write(ENTER)
  }

  /** Gives the terminal back as it was; may be called again. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#drawn = []
    this.#terminal.write(LEAVE)
  }
}

/** Text as a terminal shows it in its tone. */
export function styled(text: string, tone: Tone, colour: 'colour' | 'none'): string {
  // What comes from objects must not steer the terminal.
  const plain = text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' ')
  return colour === 'none' || COLOUR[tone] === '' ? plain : `\u001B[${COLOUR[tone]}m${plain}\u001B[0m`
}
