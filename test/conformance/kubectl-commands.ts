// The suite `kubectl VERSION`: the recorded commands run with a kubectl of this machine, and what it printed compared with the recording. A
// kubectl between two recorded versions prints what one of them printed, so any recording of the case will do where the nearest differs.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kubeconfigText } from '../../src/server/kubeconfig.ts'
import { compareOutput } from './compare-output.ts'
import { type Kubectl, nearest } from './find-kubectls.ts'
import { definitionsFor, isServed, type KubectlTarget, missingFeature } from './kubectl.ts'
import { Bindings, type RecordedCase, type Recording } from './recording.ts'
import type { Printed } from './compare-output.ts'
import { recordedOutput, runCommand, type Workplace, writeFiles } from './run-command.ts'
import { setUpCase } from './replay.ts'
import { emptyResult, fail, type OpenResult, type SuiteResult } from './suite.ts'

/** Targets are used beside each other, each for one case at a time. */
export async function runCommands(
  targets: readonly KubectlTarget[],
  kubectl: Kubectl,
  recordings: readonly Recording[],
  only: readonly string[] = []
): Promise<SuiteResult> {
  const result = emptyResult(`kubectl ${kubectl.version} run`)
  const version = nearest(
    kubectl.version,
    recordings.map((recording) => recording.kubectl)
  )
  const main = recordings.find((recording) => recording.kubectl === version)
  const cases = (main?.cases ?? []).filter((recorded) => only.length === 0 || only.includes(recorded.id))
  const others = recordings.filter((recording) => recording !== main)
  let next = 0
  const work = async (target: KubectlTarget): Promise<void> => {
    for (let recorded = cases[next++]; recorded !== undefined; recorded = cases[next++]) {
      const id = `${kubectl.version}/${recorded.id}`
      const missing = missingFeature(recorded, target.kinds())
      if (missing !== undefined) {
        result.unsupported.push({ id, why: missing })
        continue
      }
      const alike = others.flatMap((recording) => recording.cases.filter((other) => other.id === recorded.id))
      const judgement = await runCase(target, kubectl, [recorded, ...alike])
      settle(id, judgement.wrong, judgement.rule ?? allowed(recorded, target), result)
    }
  }
  await Promise.all(targets.map(work))
  return result
}

function settle(id: string, wrong: readonly string[], rule: string | undefined, result: OpenResult): void {
  if (wrong.length === 0) result.passed.push(id)
  else if (rule === undefined) fail(result, id, wrong)
  else result.deliberate.push({ id, why: rule })
}

// The README's rules for differences that show in what a command prints.
function allowed(recorded: RecordedCase, target: KubectlTarget): string | undefined {
  const [verb = ''] = recorded.argv
  if (verb === 'version' || recorded.id === 'raw-version') return 'build: another git version, commit, date, platform'
  if (verb === 'api-resources' || verb === 'api-versions') return 'served: kinds and versions that Serin does not serve'
  const unserved = recorded.exchanges.filter((exchange) => exchange.$common === undefined && !isServed(exchange.path, target.kinds()))
  return unserved.length > 0 ? 'served: requests for kinds that Serin does not serve' : undefined
}

interface Judgement {
  readonly wrong: readonly string[]
  /** The README's rule that allows it. */
  readonly rule?: string
}

const PROSE = 'describe-text: other descriptions of the same fields'
// kubectl prints a map in Go's random order here.
const RANDOM_ORDER: ReadonlySet<string> = new Set(['describe-cm'])

async function runCase(target: KubectlTarget, kubectl: Kubectl, recordings: readonly RecordedCase[]): Promise<Judgement> {
  const [recorded] = recordings
  if (recorded === undefined) return { wrong: [] }
  const folder = mkdtempSync(join(tmpdir(), 'serin-conformance-'))
  try {
    await target.fresh()
    await definitionsFor(target, recorded)
    const problem = await setUpCase(target.server, recorded)
    if (problem !== undefined) return { wrong: [`setup: ${problem}`] }
    const workplace = workplaceIn(folder, target, kubectl)
    writeFiles(workplace.folder, recorded)
    for (const before of recorded.before ?? []) {
      writeFiles(workplace.folder, before)
      await runCommand(before, workplace)
    }
    const printed = await runCommand(recorded, workplace)
    const fixed = (text: string): string => text.replaceAll('<server>', target.server.url).replaceAll('<dir>', workplace.folder)
    return bestOf(recordings.map((one) => judged(one, printed, fixed)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// What a command printed against one recording of it. `prose`: only descriptions differ.
function judged(recorded: RecordedCase, printed: Printed, fixed: (text: string) => string): Judgement {
  const { exitCode, stdout, stderr } = recordedOutput(recorded)
  const compare = (form: (text: string) => string): readonly string[] =>
    compareOutput(
      { exitCode, stdout: form(fixed(stdout)), stderr: fixed(stderr) },
      { ...printed, stdout: form(printed.stdout) },
      new Bindings()
    )
  const wrong = compare(RANDOM_ORDER.has(recorded.id) ? sortedLines : (text) => text)
  return wrong.length > 0 && recorded.argv[0] === 'explain' && compare(withoutProse).length === 0 ? { wrong, rule: PROSE } : { wrong }
}

function bestOf(judgements: readonly Judgement[]): Judgement {
  const [first = { wrong: [] }] = judgements
  return judgements.find(({ wrong }) => wrong.length === 0) ?? judgements.find(({ rule }) => rule !== undefined) ?? first
}

const sortedLines = (text: string): string => text.split('\n').toSorted().join('\n')

// The lines of `explain` that name kinds and fields.
function withoutProse(text: string): string {
  return text
    .split('\n')
    .filter((line) => /^[A-Z]+:|\t<.*>/.test(line))
    .join('\n')
}

function workplaceIn(folder: string, { server }: KubectlTarget, kubectl: Kubectl): Workplace {
  const home = join(folder, 'home')
  const work = join(folder, 'work')
  for (const each of [home, work]) mkdirSync(each)
  const config = join(home, 'kubeconfig')
  const text = kubeconfigText({ ...server, server: server.url }).replace('namespace: default', 'namespace: demo')
  writeFileSync(config, text, { mode: 0o600 })
  const env = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC', KUBECONFIG: config, KUBECACHEDIR: join(home, 'cache') }
  return { program: kubectl.program, server, folder: work, env }
}
