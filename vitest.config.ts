import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Those that take a minute and more, most of it waiting for intervals, the longest first: begun first, they wait beside all the others.
const LONG = [
  'kubectl-commands',
  'canary-guides',
  'demo',
  'canary-restart',
  'walkthrough',
  'canary-strategies',
  'canary-script',
  'guide-traffic'
]

// Where bodies are long, connections end or are held: what reading could change.
const OTHER_MODE = [
  'copies',
  'delayed-answer',
  'engine-changes',
  'engine-limits',
  'engine-retries',
  'http1-cases',
  'idle-upstreams',
  'inbound',
  'passthrough'
].map((name) => `src/proxy/${name}.test.ts`)

// A random order that the seed decides (tests must not depend on it), but for the long ones, and with the files of a project together: a
// thread that changes the project reads everything anew.
class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence
    const rank = (moduleId: string): number => {
      const at = LONG.findIndex((name) => moduleId.includes(`/e2e/${name}`))
      return at < 0 ? LONG.length : at
    }
    const place = ({ moduleId, project }: TestSpecification): string =>
      `${rank(moduleId)} ${project.name} ${createHash('sha256').update(`${seed} ${moduleId}`).digest('hex')}`
    return Promise.resolve(files.toSorted((a, b) => (place(a) < place(b) ? -1 : 1)))
  }
}

// End-to-end tests wait for processes more than they compute: they run after the others, more of them at a time than there are cores.
export default defineConfig({
  test: {
    pool: 'threads',
    sequence: { sequencer: LongestFirst },
    passWithNoTests: false,
    env: {
      // The programs that tests start are stripped and compiled once, as bin/serin has it.
      NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'serin'),
      // A thousand kubectls, of 50 ms of processor time each: a quarter of it is collecting garbage that goes with them anyway.
      GOGC: 'off',
      GOMEMLIMIT: '256MiB'
    },
    // What is awaited comes or does not; how soon is the machine's affair.
    expect: { poll: { interval: 10, timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/long/**'],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 }
        }
      },
      // The engine's tests once more, reading from callers in the other of the two ways: those that do not try both themselves.
      {
        extends: true,
        test: {
          name: 'data',
          env: { SERIN_READ_MODE: 'data' },
          include: ['test/read-mode.test.ts', ...OTHER_MODE],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 }
        }
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // What they import is the same for all and holds no state: read once in each thread, not in each file.
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 9,
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
})
