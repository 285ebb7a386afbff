// `npm run bench`: every bench in turn, with its defaults.

import './proxy.ts'
import './weights.ts'
