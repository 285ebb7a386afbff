import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandFor, imageProblem, splitImage, type ImageMap } from './image-map.ts'

const map: ImageMap = {
  patterns: {
    'reviews:v9': 'special --nine',
    'reviews:*': 'serin/demo',
    'ghcr.io/*/podinfo': 'node ./podinfo.js',
    'docker.io/library/nginx:1.*': ['sh', '-c', 'exec nginx'],
    alone: '/usr/bin/alone'
  },
  builtIn: { 'serin/demo': ['node', 'main.ts', 'demo'] }
}

test('patterns decide in order, the tag is kept, Serin images need no pattern', () => {
  const cases: readonly [string, string | undefined, string?][] = [
    ['reviews:v9', 'special --nine'],
    ['reviews:v2', 'node main.ts demo', 'v2'],
    ['docker.io/reviews', 'node main.ts demo', 'latest'],
    ['reviews:v2@sha256:abc', 'node main.ts demo', 'v2'],
    ['serin/demo:v1', 'node main.ts demo', 'v1'],
    ['ghcr.io/stefanprodan/podinfo:6.0.1', 'node ./podinfo.js', '6.0.1'],
    ['nginx:1.27', 'sh -c exec nginx', '1.27'],
    ['nginx:2', undefined],
    ['alone:7', '/usr/bin/alone', '7'],
    ['localhost:5000/reviews:v1', undefined],
    ['unknown', undefined]
  ]
  for (const [image, command, tag] of cases) {
    const found = commandFor(image, map)
    expect(found?.command.join(' '), image).toBe(command)
    expect(tag ?? found?.tag, image).toBe(found?.tag)
  }
})

test('a registry port is not a tag', () => {
  expect(splitImage('localhost:5000/shop')).toEqual({ repository: 'localhost:5000/shop', tag: 'latest' })
})

test('patterns match as a regular expression would', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 5 })
  fc.assert(
    fc.property(pattern, text, (wanted, tag) => {
      const found = commandFor(`x:${tag}`, { patterns: { [`x:${wanted}`]: 'run it' }, builtIn: {} })
      expect(found !== undefined).toBe(new RegExp(`^${wanted.replaceAll('*', '.*')}$`).test(tag))
    })
  )
})

test('an image whose command is not on this machine is answered with both', () => {
  const text = imageProblem('ghcr.io/stefanprodan/podinfo:6.0.0', './podinfo')
  expect(text).toContain('"./podinfo" is no program of this machine')
  expect(text).toContain('images: {"ghcr.io/stefanprodan/podinfo:*": "serin/demo"}')
})

test('an image that cannot be run is answered with what to write where', () => {
  expect(imageProblem('shop:v1')).toContain('images: {"shop:*": "serin/demo"}')
})
