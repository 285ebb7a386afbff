// The program: reads the command line, runs the command, and turns failures into one line and an exit code.

import { readFileSync } from 'node:fs'
import { HostError } from '../host/host-error.ts'
import { lint } from '../lint/lint.ts'
import { problemLine, summaryLine } from '../lint/problem-text.ts'
import { readObjects } from './apply-files.ts'
import { type Config, NO_CONFIG, readConfig } from './config.ts'
import { readCommandLine, type UpOptions, USAGE } from './options.ts'
import { type Instance, startInstance } from './up.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`serin: ${line}\n`)

/** Resolves on SIGTERM, SIGINT, or when the program that started this one is gone. */
function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const) process.once(signal, () => resolve())
  })
}

async function up(options: UpOptions): Promise<number> {
  const asked = untilAsked()
  const config = configOf(options)
  if (Array.isArray(config)) {
    for (const line of config) complain(line)
    return 2
  }
  const instance = await startInstance({ up: options, config, log: complain })
  for (const line of addressLines(instance)) say(line)
  say('ready')
  const failure = await Promise.race([asked, instance.failed.catch((error: unknown) => error)])
  await instance.stop()
  if (failure === undefined) return 0
  complain(messageOf(failure))
  return 1
}

function configOf(options: UpOptions): Config | string[] {
  if (options.config === undefined) return NO_CONFIG
  const config = readConfig(readFileSync(options.config, 'utf8'))
  return 'images' in config ? config : config.map((line) => `${options.config}: ${line}`)
}

function addressLines({ addresses, kubeconfig }: Instance): string[] {
  return [
    `api:        ${addresses.api}`,
    ...(addresses.http === undefined ? [] : [`gateways:   ${addresses.http}`]),
    ...(addresses.mesh === undefined
      ? []
      : [`mesh proxy: ${addresses.mesh}   (export http_proxy=${addresses.mesh} to call Services by name)`]),
    `admin:      ${addresses.admin}`,
    `kubectl:    export KUBECONFIG=${kubeconfig}`
  ]
}

function lintFiles(paths: readonly string[]): number {
  const { objects, problems } = readObjects(paths)
  for (const line of problems) say(`error: ${line}`)
  const found = lint(objects)
  for (const problem of found) say(problemLine(problem))
  say(summaryLine(found))
  return problems.length > 0 || found.some(({ severity }) => severity === 'error') ? 1 : 0
}

function version(): string {
  // our own package.json
  const { version: own } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return own
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function main(words: readonly string[]): Promise<number> {
  const command = readCommandLine(words)
  switch (command.kind) {
    case 'up':
      return up(command.options)
    case 'demo':
      complain('the demo is not built yet; use serin up -f examples/shop')
      return 1
    case 'lint':
      return lintFiles(command.files)
    case 'version':
      say(version())
      return 0
    case 'help':
      say(USAGE.trimEnd())
      return 0
    case 'wrong':
      complain(`${command.message}; serin help says more`)
      return 2
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  complain(messageOf(error))
  // A failure of the world is one line; anything else is a bug and its stack is wanted.
  if (!(error instanceof HostError) && error instanceof TypeError) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = 1
}
if (process.connected === true) process.disconnect()
