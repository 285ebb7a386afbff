// The program: reads the command line, runs the command, and turns failures into one line and an exit code.

import { HostError } from '../host/host-error.ts'
import { findingLine, lintManifests, reportSummary } from '../lint/lint-manifests.ts'
import { ManifestError } from './apply-files.ts'
import { accessLogOf } from './access-logs.ts'
import { type Config, NO_CONFIG, readConfig } from './config.ts'
import { convertFiles } from './convert.ts'
import { demo } from './demo.ts'
import { Screen, styled } from './demo-screen.ts'
import { KINDS } from './kinds.ts'
import { type DemoOptions, type LintOptions, readCommandLine, type UpOptions } from './options.ts'
import { readFiles, readText, skippedLine, UnreadableError } from './read-files.ts'
import { shellWord } from './shell-word.ts'
import { type Instance, startInstance } from './up.ts'
import { ownVersion } from './version.ts'

const EXIT_WAIT_MS = 2000

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`serin: ${line}\n`)

// Ctrl-C in a terminal comes twice, from the terminal and from the starter: only a later one is meant as a second.
const SECOND_AFTER_MS = 1000

/** Resolves on SIGTERM, SIGINT, or when the program that started this one is gone. Asked a second time, the program ends at once. */
function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined
    const ask = (): void => {
      first ??= performance.now()
      // What still runs is the reaper's now.
      if (performance.now() - first > SECOND_AFTER_MS) process.exit(130)
      resolve()
    }
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ask)
    process.once('disconnect', () => resolve())
  })
}

async function up(options: UpOptions): Promise<number> {
  const asked = untilAsked()
  const config = configOf(options)
  if (Array.isArray(config)) {
    for (const line of config) complain(line)
    return 2
  }
  warnOfIgnored(options)
  const instance = await startInstance({ up: options, config, log: complain })
  for (const line of addressLines(instance)) say(line)
  say('ready')
  const failure = await Promise.race([asked, instance.failed.catch((error: unknown) => error)])
  await instance.stop()
  if (failure === undefined) return 0
  complain(messageOf(failure))
  return 1
}

function warnOfIgnored({ httpsPort }: Pick<UpOptions, 'httpsPort'>): void {
  if (httpsPort !== undefined) complain('--https-port is accepted but not applied yet: HTTPS is not served')
}

async function runDemo(options: DemoOptions): Promise<number> {
  const config = configOf(options)
  if (Array.isArray(config)) {
    for (const line of config) complain(line)
    return 2
  }
  warnOfIgnored(options)
  const { isTTY } = process.stdout
  const colour = isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb' ? 'colour' : 'none'
  const screen = isTTY && process.env['TERM'] !== 'dumb' ? new Screen(process.stdout, colour) : undefined
  for (const signal of ['SIGWINCH', 'SIGCONT'] as const) process.on(signal, () => screen?.refresh())
  // However the program ends, the terminal is given back.
  process.on('exit', () => screen?.close())
  const gone = new Promise<void>((resolve) => process.stdout.on('error', () => resolve()))
  try {
    return await demo({
      options,
      config,
      screen,
      print: ({ text, tone }) => say(styled(text, tone, colour)),
      afterwards: isTTY && options.exit !== 'at the end' ? 'stay' : 'end',
      asked: Promise.race([untilAsked(), gone])
    })
  } finally {
    // What a failed start left open must not hold the program; children are the reaper's.
    setTimeout(() => process.exit(), EXIT_WAIT_MS).unref()
  }
}

function configOf(options: Pick<UpOptions, 'config' | 'accessLog'>): Config | string[] {
  if (options.config === undefined) return NO_CONFIG
  const config = readConfig(readText(options.config), options.config)
  if (!('images' in config)) return [...config]
  const spec = accessLogOf(options.accessLog, config)
  return 'problem' in spec ? [`${options.config}: ${spec.problem}`] : config
}

function addressLines({ addresses, kubeconfig }: Instance): string[] {
  return [
    `api:        ${addresses.api}`,
    ...(addresses.http === undefined ? [] : [`gateways:   ${addresses.http}`]),
    ...(addresses.mesh === undefined
      ? []
      : [`mesh proxy: ${addresses.mesh}   (export http_proxy=${addresses.mesh} to call Services by name)`]),
    `admin:      ${addresses.admin}`,
    ...(addresses.prometheus === undefined ? [] : [`prometheus: ${addresses.prometheus}`]),
    `kubectl:    export KUBECONFIG=${shellWord(kubeconfig)}`
  ]
}

async function lintFiles({ files, failOn }: LintOptions): Promise<number> {
  const { manifests, skipped } = await readFiles(files)
  const report = lintManifests(manifests, KINDS)
  for (const finding of report.findings) say(findingLine(finding))
  const beside = skippedLine(skipped)
  if (beside !== undefined) say(beside)
  say(reportSummary(report))
  return report.findings.some(({ severity }) => severity === 'error' || failOn === 'warning') ? 1 : 0
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
      return runDemo(command.options)
    case 'lint':
      return lintFiles(command.options)
    case 'convert':
      return convertFiles(command.files, { say, complain: (line) => void process.stderr.write(`${line}\n`) })
    case 'status':
    case 'verb': {
      const { runRolloutCommand } = await import('./rollout-command.ts')
      return runRolloutCommand(command, complain)
    }
    case 'version':
      say(ownVersion())
      return 0
    case 'help':
      say(command.text.trimEnd())
      return 0
    case 'wrong':
      complain(`${command.message}; serin help says more`)
      return 2
  }
}

/** What the user named and cannot be used is 2, what the world or the content of files refuses is 1. */
function codeOf(error: unknown): number {
  return error instanceof UnreadableError ? 2 : 1
}

// A reader that has seen enough (`| head`) closes the pipe: what is left is for nobody, and a running mesh goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  for (const line of error instanceof ManifestError ? error.lines : [messageOf(error)]) complain(line)
  // A failure of the world is one line; anything else is a bug and its stack is wanted.
  if (!(error instanceof HostError) && error instanceof TypeError) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = codeOf(error)
}
if (process.connected === true) process.disconnect()
