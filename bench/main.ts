// `npm run bench`: every bench in turn, or those that are named.

import process from 'node:process'
import { command } from './lib/command.ts'
import { proxyBench } from './proxy.ts'

process.exitCode = await command([proxyBench])
