import { expect, it } from 'vitest'
import { Groups, Reads, Tally } from './reads.ts'

const unit = (key: string): { kind: string; key: string } => ({ kind: 'sum', key })

it('a unit is stale when what it read last is touched, and only then', () => {
  const reads = new Reads()
  reads.run(unit('a'), () => reads.note('x'))
  reads.run(unit('b'), () => reads.note('y'))
  reads.touch('x')
  expect(reads.stale('sum')).toEqual(['a'])
  reads.run(unit('a'), () => reads.note('y'))
  reads.touch('x')
  expect(reads.stale('sum')).toEqual([])
  reads.touch('y')
  expect(reads.stale('sum').toSorted()).toEqual(['a', 'b'])
  reads.drop(unit('a'))
  expect([reads.isStale(unit('a')), reads.isStale(unit('b'))]).toEqual([false, true])
})

it('cells are touched together by what is said of their names', () => {
  const reads = new Reads()
  for (const cell of ['ab', 'b', 'c']) reads.run(unit(cell), () => reads.note(cell))
  reads.touchWhere((cell) => cell.endsWith('b'))
  expect(reads.stale('sum').toSorted()).toEqual(['ab', 'b'])
})

it('units that run inside each other have reads of their own', () => {
  const reads = new Reads()
  reads.run(unit('outer'), () => {
    reads.note('before')
    reads.run(unit('inner'), () => reads.note('within'))
    reads.note('after')
  })
  reads.touch('within')
  expect(reads.stale('sum')).toEqual(['inner'])
  reads.touch('after')
  expect(reads.stale('sum')).toEqual(['inner', 'outer'])
})

it('what is touched while a unit runs makes it stale again', () => {
  const reads = new Reads()
  reads.run(unit('a'), () => reads.note('x'))
  reads.run(unit('a'), () => reads.touch('x'))
  expect(reads.isStale(unit('a'))).toBe(true)
})

it('a tally tells when names come and go', () => {
  const tally = new Tally()
  expect([
    tally.move([], ['a', 'b']),
    tally.move([], ['a']),
    tally.move(['a'], []),
    tally.move(['a'], ['a']),
    tally.move(['a'], [])
  ]).toEqual([true, false, false, false, true])
  expect([tally.names(), tally.has('a')]).toEqual([['b'], false])
})

it('groups keep values by name and owner', () => {
  const groups = new Groups<number>()
  groups.put('a', 'one', 1)
  groups.put('a', 'two', 2)
  groups.remove('a', 'one')
  expect([[...groups.of('a').values()], groups.has('a'), [...groups.names()]]).toEqual([[2], true, ['a']])
  groups.remove('a', 'two')
  expect([groups.has('a'), [...groups.of('a').values()]]).toEqual([false, []])
})
