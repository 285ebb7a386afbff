// Loaded before an application of Serin's in a checkout: what Node makes of its TypeScript is kept, as bin/serin keeps its own, so that a
// pod starts in half the time. The folder cannot come by the environment, which belongs to the container.
'use strict'
const { join } = require('node:path')
const { enableCompileCache, flushCompileCache } = require('node:module')

enableCompileCache(join(__dirname, '..', '..', 'node_modules', '.cache', 'serin'))
// A process that is killed writes nothing at its end.
setTimeout(() => flushCompileCache(), 2000).unref()
