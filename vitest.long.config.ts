import { defineConfig } from 'vitest/config'

// npm run test:long: what takes minutes and needs no run at every change. One file after the other; they say how far they are.
export default defineConfig({
  test: {
    include: ['test/long/**/*.long.test.ts'],
    testTimeout: 7_200_000,
    fileParallelism: false,
    passWithNoTests: false
  }
})
