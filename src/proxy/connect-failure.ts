// Why a connection did not open, as the system's error tells it.

/** Why there is no connection; overflow: this process may open no more files, which is no fault of the endpoint's. */
export type ConnectFailure = 'dns-failure' | 'connect-failure' | 'connect-timeout' | 'overflow'

/** A failure, and what the system said in Envoy's words where Envoy passes that on. */
export interface FailedConnect {
  readonly failure: ConnectFailure
  readonly refusal: string | undefined
}

const REFUSALS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection_refused',
  ECONNRESET: 'Connection_reset_by_peer',
  EHOSTUNREACH: 'No_route_to_host',
  ENETUNREACH: 'Network_is_unreachable'
}

/** What an error of a socket says of why it did not open. */
export function connectFailureOf({ code = 'unknown', syscall }: Pick<NodeJS.ErrnoException, 'code' | 'syscall'>): FailedConnect {
  if (code === 'EMFILE' || code === 'ENFILE') return { failure: 'overflow', refusal: undefined }
  if (syscall === 'getaddrinfo') return { failure: 'dns-failure', refusal: undefined }
  const refusal = syscall === 'connect' ? `delayed_connect_error:_${REFUSALS[code] ?? code}` : undefined
  return { failure: 'connect-failure', refusal }
}
