// serin.yaml: which command stands for an image, and how the mesh behaves. Read once at the start; every problem names its field.

import { parseYaml } from '../api/yaml.ts'
import type { Limits } from '../proxy/limits.ts'
import { READ_MODES } from '../proxy/transport.ts'
import type { ReadMode } from '../proxy/transport.ts'
import { parseFormat } from '../route/format.ts'
import { isObject } from '../std/json.ts'
import type { ImageTarget } from '../workload/image-map.ts'
import { type ControllerSettings, readController } from './controller-settings.ts'
import { readLimits } from './limit-settings.ts'
import type { SettingFault } from './limit-settings.ts'

/** The settings of an instance. */
export interface Config {
  readonly images: Readonly<Record<string, ImageTarget>>
  /** Lines of the access log in Envoy's notation: a text, or a map of texts for JSON lines. */
  readonly accessLogFormat?: string | Readonly<Record<string, string>>
  /** Copies of mirrored requests are sent to `<host>-shadow`, as older releases of Istio did. Default false. */
  readonly shadowHostSuffix?: boolean
  /** Bounds of the mesh that are not the defaults (docs/limits.md). */
  readonly limits?: Partial<Limits>
  /** How the workers read from callers: into buffers used again, or by events as any program may. Default: what works, the first if it does. */
  readonly readMode?: ReadMode
  /** What holds for all rollouts (docs/observing.md). */
  readonly controller?: ControllerSettings
}

export const NO_CONFIG: Config = { images: {} }

/** The config of a text, or what is wrong with it: lines such as `serin.yaml:3: images: must be a map ...`. */
export function readConfig(text: string, file: string): Config | readonly string[] {
  const { objects, problems } = parseYaml(text)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) return errors.map(({ line, path, message }) => `${file}:${line}: ${path === '' ? '' : `${path}: `}${message}`)
  const [first, second] = objects
  if (first === undefined) return NO_CONFIG
  if (second !== undefined) return [`${file}:${second.line}: a second document: only one is read`]
  const { limits, controller, ...others } = first.value
  const read = limits === undefined ? undefined : readLimits(limits)
  const rollouts = controller === undefined ? undefined : readController(controller)
  const faults = [
    ...faultsOf(first.value),
    ...[read, rollouts].flatMap((part) => (part !== undefined && 'faults' in part ? part.faults : []))
  ]
  if (faults.length > 0) return faults.map(({ path, message }) => `${file}:${first.locate(path).line}: ${path}: ${message}`)
  // every value has just been tested
  return { images: {}, ...(others as Partial<Config>), ...read, ...rollouts }
}

const FIELDS: readonly string[] = [
  'images',
  'accessLogFormat',
  'shadowHostSuffix',
  'limits',
  'readMode',
  'controller'
] satisfies (keyof Config)[]

function faultsOf(config: Readonly<Record<string, unknown>>): SettingFault[] {
  const unknown = Object.keys(config).filter((name) => !FIELDS.includes(name))
  if (unknown.length > 0) return unknown.map((name) => ({ path: name, message: `unknown field; known are ${FIELDS.join(', ')}` }))
  const { images = {} } = config
  if (!isObject(images)) return [{ path: 'images', message: 'must be a map from image patterns to an image or a command' }]
  const wrong = Object.entries(images).filter(([, target]) => !isTarget(target))
  return [
    ...formatFaults(config['accessLogFormat']),
    ...(['boolean', 'undefined'].includes(typeof config['shadowHostSuffix'])
      ? []
      : [{ path: 'shadowHostSuffix', message: 'must be true or false' }]),
    ...([undefined, ...READ_MODES].some((mode) => mode === config['readMode'])
      ? []
      : [{ path: 'readMode', message: `must be ${READ_MODES.join(' or ')}` }]),
    ...wrong.map(([pattern]) => ({ path: `images.${pattern}`, message: 'must be an image, a command line or a list of words' }))
  ]
}

function formatFaults(format: unknown): SettingFault[] {
  if (format === undefined) return []
  const texts = isObject(format) ? Object.entries(format) : [['', format] as const]
  return texts.flatMap(([key, text]) => {
    const path = key === '' ? 'accessLogFormat' : `accessLogFormat.${key}`
    if (typeof text !== 'string') return [{ path, message: 'must be a format string, or a map of them' }]
    const parsed = parseFormat(text)
    return 'problem' in parsed ? [{ path, message: parsed.problem }] : []
  })
}

function isTarget(value: unknown): value is ImageTarget {
  if (typeof value === 'string') return value.trim() !== ''
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string')
}
