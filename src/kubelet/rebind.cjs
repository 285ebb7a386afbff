// Loaded into Node programs before they start (NODE_OPTIONS --require): a listen on every address becomes a listen on the pod's own, so
// that two pods can use one port. Programs that name another address are left alone.

'use strict'
const net = require('node:net')

const WILDCARDS = new Set(['', '0.0.0.0', '::', '::0'])
const own = process.env.POD_IP
const listen = net.Server.prototype.listen

const isWildcard = (host) => host === undefined || host === null || WILDCARDS.has(host)

function reboundOptions(options) {
  return 'port' in options && options.path === undefined && isWildcard(options.host) ? { ...options, host: own } : options
}

function rebound(args) {
  const [first, second, ...rest] = args
  if (typeof first === 'object' && first !== null) return [reboundOptions(first), ...args.slice(1)]
  if (!/^\d+$/.test(String(first ?? 0))) return args
  const port = Number(first ?? 0)
  if (typeof second === 'string') return [port, isWildcard(second) ? own : second, ...rest]
  return second === undefined || second === null ? [port, own, ...rest] : [port, own, second, ...rest]
}

if (own) {
  net.Server.prototype.listen = function (...args) {
    return listen.apply(this, rebound(args))
  }
}
