// `npm run bench:gate`: the figures of the gate, all or those that are named. What each row of docs/gate.md rests on.

import process from 'node:process'
import { incidentBench } from './gate/incident.ts'
import { levelBench } from './gate/level.ts'
import { lookBench } from './gate/look.ts'
import { meshBench } from './gate/mesh.ts'
import { ratioBench } from './gate/ratio.ts'
import { releasesBench } from './gate/releases.ts'
import { speedBench } from './gate/speed.ts'
import { command } from './lib/command.ts'

process.exitCode = await command([lookBench, levelBench, ratioBench, speedBench, meshBench, releasesBench, incidentBench])
