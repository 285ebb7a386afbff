import { expect, it } from 'vitest'
import { connectFailureOf } from './connect-failure.ts'

it.each([
  ['ECONNREFUSED', 'connect', 'connect-failure', 'delayed_connect_error:_Connection_refused'],
  ['EHOSTUNREACH', 'connect', 'connect-failure', 'delayed_connect_error:_No_route_to_host'],
  ['EADDRNOTAVAIL', 'connect', 'connect-failure', 'delayed_connect_error:_EADDRNOTAVAIL'],
  ['ENOTFOUND', 'getaddrinfo', 'dns-failure', undefined],
  ['EMFILE', 'connect', 'overflow', undefined],
  ['ENFILE', 'connect', 'overflow', undefined],
  ['ECONNRESET', 'read', 'connect-failure', undefined]
])('%s of %s is a %s', (code, syscall, failure, refusal) => {
  expect(connectFailureOf({ code, syscall })).toEqual({ failure, refusal })
})
