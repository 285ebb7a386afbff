// serin.yaml: which command stands for an image. Read once at the start; every problem names its field.

import { parseYaml } from '../api/yaml.ts'
import { isObject } from '../std/json.ts'
import type { ImageTarget } from '../workload/image-map.ts'

/** The settings of an instance. */
export interface Config {
  readonly images: Readonly<Record<string, ImageTarget>>
}

export const NO_CONFIG: Config = { images: {} }

/** The config of a text, or what is wrong with it in lines. */
export function readConfig(text: string): Config | readonly string[] {
  const { objects, problems } = parseYaml(text)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) return errors.map(({ line, path, message }) => `line ${line}: ${path === '' ? '' : `${path} `}${message}`)
  const [first] = objects
  if (first === undefined) return NO_CONFIG
  const unknown = Object.keys(first.value).filter((name) => name !== 'images')
  if (unknown.length > 0) return unknown.map((name) => `${name}: unknown field; only images is known`)
  const { images = {} } = first.value
  if (!isObject(images)) return ['images: must be a map from image patterns to an image or a command']
  const wrong = Object.entries(images).filter(([, target]) => !isTarget(target))
  if (wrong.length > 0) return wrong.map(([pattern]) => `images["${pattern}"]: must be an image, a command line or a list of words`)
  // every value has just been tested
  return { images: images as Config['images'] }
}

function isTarget(value: unknown): value is ImageTarget {
  if (typeof value === 'string') return value.trim() !== ''
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string')
}
