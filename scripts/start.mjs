// npm start: set up, then the demo.
import { ensurePackages } from './setup.mjs'
import { run } from './run.mjs'

ensurePackages()
run('src/cli/main.ts', ['demo', ...process.argv.slice(2)])
