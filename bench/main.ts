// `npm run bench`: every bench in turn, or those that are named.

import process from 'node:process'
import { functionsBench } from './functions.ts'
import { hostsBench } from './hosts.ts'
import { idleBench } from './idle.ts'
import { latencyBench } from './latency.ts'
import { command } from './lib/command.ts'
import { proxyBench } from './proxy.ts'
import { rollbackBench } from './rollback.ts'
import { weightsBench } from './weights.ts'
import { workersBench } from './workers.ts'

process.exitCode = await command([
  proxyBench,
  latencyBench,
  idleBench,
  weightsBench,
  rollbackBench,
  workersBench,
  hostsBench,
  functionsBench
])
