import { expect, test } from 'vitest'
import { Screen, styled, type Terminal } from './demo-screen.ts'
import { line } from './demo-view.ts'

const ESC = '\u001B['

function terminal(columns = 0, rows = 0): Terminal & { take(): string } {
  let written = ''
  return {
    columns,
    rows,
    write: (text) => {
      written += text
    },
    take: () => {
      const text = written
      written = ''
      return text
    }
  }
}

test('the first drawing takes the second screen, later ones write what changed, closing gives it back once', () => {
  const tty = terminal()
  const screen = new Screen(tty, 'none')
  screen.draw([line('one'), line('two'), line('three')])
  expect(tty.take()).toBe(`${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J${ESC}1;1Hone${ESC}K${ESC}2;1Htwo${ESC}K${ESC}3;1Hthree${ESC}K`)
  screen.draw([line('one'), line('2')])
  expect(tty.take()).toBe(`${ESC}2;1H2${ESC}K${ESC}3;1H${ESC}K`)
  screen.draw([line('one'), line('2')])
  expect(tty.take()).toBe('')
  screen.close()
  screen.close()
  expect(tty.take()).toBe(`${ESC}?7h${ESC}?25h${ESC}?1049l`)
})

test('after a change of size everything is drawn again, and never before the first drawing', () => {
  const tty = terminal(40, 10)
  const screen = new Screen(tty, 'none')
  screen.refresh()
  expect(tty.take()).toBe('')
  screen.draw([line('one')])
  screen.refresh()
  tty.take()
  screen.draw([line('one')])
  expect(tty.take()).toBe(`${ESC}1;1Hone${ESC}K`)
  expect([screen.size, new Screen(terminal(), 'none').size]).toEqual([
    { columns: 40, rows: 10 },
    { columns: 80, rows: 24 }
  ])
})

test('tones are colours where they are wanted, and text cannot steer the terminal', () => {
  expect(styled('a', 'bad', 'colour')).toBe(`${ESC}31ma${ESC}0m`)
  expect(styled('a', 'plain', 'colour')).toBe('a')
  expect(styled(`a${ESC}2J\nb`, 'bad', 'none')).toBe('a [2J b')
})
