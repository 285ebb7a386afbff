// What a webhook of Flagger's load tester asks for: load of ours, a program, or something that is refused, with the reason.

import { type LoadPlan, readCommand } from '../load/load-plan.ts'

/** The canary that a payload is about. */
export interface Subject {
  readonly name: string
  readonly namespace: string
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

/** What to do. load is started and not waited for; a program is, unless `isAwaited` is false. */
export type Task =
  | { readonly kind: 'load'; readonly plan: LoadPlan; readonly command: string }
  | {
      readonly kind: 'program'
      readonly words: readonly string[]
      readonly command: string
      readonly isAwaited: boolean
      /** Its output is answered even when all is well. */
      readonly returnsOutput: boolean
    }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }

const EXAMPLE = 'such as "hey -z 1m -q 10 -c 2 http://app.test/"'
const OFF = 'programs are switched off here: set LOADTESTER_BASH=on in the environment of the load tester'

/** Reads a payload's subject; a text says what is wrong. */
export function readSubject(body: string): Subject | string {
  let payload: unknown
  try {
    payload = JSON.parse(body)
  } catch {
    return 'the body is not JSON'
  }
  if (!isRecord(payload)) return 'the body is not a JSON object'
  const { name, namespace, metadata } = payload
  if (typeof name !== 'string' || typeof namespace !== 'string') return 'name and namespace of the canary are missing'
  return { name, namespace, metadata: isRecord(metadata) ? metadata : undefined }
}

/** What the metadata asks for; `programs`: whether anything but load may be run. */
export function readTask({ metadata }: Subject, programs: 'on' | 'off'): Task {
  if (metadata === undefined) return refused(400, `metadata is missing: give the webhook a metadata.cmd ${EXAMPLE}`)
  const { type = 'cmd', cmd, returnCmdOutput } = metadata
  if (type === 'concord' || type === 'ngrinder') {
    return refused(501, `metadata.type "${type}" is not done here: call that server by a webhook of its own`)
  }
  if (!['cmd', 'bash', 'helm', 'helmv3', 'kubectl'].includes(String(type))) {
    return refused(400, `metadata.type "${String(type)}" is not known: use cmd, bash, helm or kubectl`)
  }
  if (typeof cmd !== 'string' || cmd.trim() === '') return refused(400, `metadata.cmd is missing: give the command to run, ${EXAMPLE}`)
  if (type === 'cmd') return readCmd(cmd, programs)
  if (programs === 'off') return refused(403, `metadata.type "${String(type)}" is not run: ${OFF}`)
  const words = type === 'bash' ? ['bash', '-c', cmd] : [type === 'kubectl' ? 'kubectl' : 'helm', ...cmd.trim().split(/\s+/)]
  return { kind: 'program', words, command: cmd, isAwaited: true, returnsOutput: String(returnCmdOutput) === 'true' }
}

// hey, wrk and fortio are our own, whatever is installed. What else there is goes to a shell, as with Flagger, where that is allowed.
function readCmd(cmd: string, programs: 'on' | 'off'): Task {
  const reading = readCommand(cmd)
  if (reading.kind === 'plan') return { kind: 'load', plan: reading.plan, command: cmd }
  if (programs === 'off' || isOurs(cmd)) return refused(400, programs === 'off' ? `${reading.message}; ${OFF}` : reading.message)
  return { kind: 'program', words: ['sh', '-c', cmd], command: cmd, isAwaited: false, returnsOutput: false }
}

function isOurs(cmd: string): boolean {
  return /^(hey|wrk|fortio)\s/.test(cmd) && !/[|;&<>$`\n]/.test(cmd)
}

function refused(status: number, text: string): Task {
  return { kind: 'refused', status, text }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
