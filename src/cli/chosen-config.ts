// The settings that `up` and `demo` start with, or what is wrong with their file.

import { accessLogOf } from './access-logs.ts'
import { type Config, NO_CONFIG, readConfig } from './config.ts'
import type { UpOptions } from './options.ts'
import { readText } from './read-files.ts'
import { complain } from './terminal.ts'

/** Those of the file of `--config`; undefined when it has problems, which are told. */
export function chosenConfig(options: Pick<UpOptions, 'config' | 'accessLog' | 'httpsPort'>): Config | undefined {
  const config = configOf(options)
  if ('images' in config) {
    if (options.httpsPort !== undefined) complain('--https-port is accepted but not applied yet: HTTPS is not served')
    return config
  }
  for (const line of config) complain(line)
  return undefined
}

function configOf(options: Pick<UpOptions, 'config' | 'accessLog'>): Config | readonly string[] {
  if (options.config === undefined) return NO_CONFIG
  const config = readConfig(readText(options.config), options.config)
  if (!('images' in config)) return [...config]
  const spec = accessLogOf(options.accessLog, config)
  return 'problem' in spec ? [`${options.config}: ${spec.problem}`] : config
}
