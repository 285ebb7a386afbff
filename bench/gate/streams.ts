// The streams that gates of these benches judge: failures, the objective's edge and three edges that tell the shape of the distribution.

import { ERRORS, type GateSettings, gateSettings, slowerThan } from '../../src/gate/settings.ts'

/** Five streams, with the defaults. */
export const FIVE_STREAMS: GateSettings = gateSettings([ERRORS, slowerThan(500, 0.01), slowerThan(50), slowerThan(100), slowerThan(250)])
