import { defineConfig } from 'vitest/config'

// npm run test:long: what takes minutes and needs no run at every change. One file after the other; they say how far they are.
export default defineConfig({
  test: {
    fileParallelism: false,
    // As in vitest.config.ts.
    expect: { poll: { interval: 10, timeout: 20_000 } },
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/long/**/*.long.test.ts'],
          testTimeout: 7_200_000,
          sequence: { groupOrder: 1 }
        }
      },
      // Everything that has to do with connections, reading from callers in the other way; npm test has but the part that it changes most.
      {
        extends: true,
        test: {
          name: 'data',
          env: { SERIN_READ_MODE: 'data' },
          include: ['test/read-mode.test.ts', 'src/proxy/**/*.test.ts', 'test/{upset,soak,limits}/**/*.test.ts'],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 }
        }
      }
    ]
  }
})
