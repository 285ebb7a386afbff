// In which of the two ways tests of the data plane read from callers, where they do not try both: SERIN_READ_MODE, which the project `data` of
// vitest.config.ts sets.

import type { ReadMode } from '../src/proxy/transport.ts'

export const READ_MODE: ReadMode = process.env['SERIN_READ_MODE'] === 'data' ? 'data' : 'buffer'

/** For workers, which are processes of their own: they find out by themselves unless the other way is asked for. */
export const WORKERS_READ: { readonly readMode?: ReadMode } = READ_MODE === 'data' ? { readMode: READ_MODE } : {}
