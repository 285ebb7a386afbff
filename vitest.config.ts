import { defineConfig } from 'vitest/config'

// End-to-end tests wait for processes more than they compute: they run after the others, more of them at a time than there are cores.
export default defineConfig({
  test: {
    pool: 'threads',
    sequence: { shuffle: { files: true, tests: false } },
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 }
        }
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 6,
          sequence: { groupOrder: 1 }
        }
      }
    ]
  }
})
