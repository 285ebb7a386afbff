// Where key sets may be fetched: what a mesh on one machine can ask.

/** Whether keys are fetched from a URI: a file, or a server on this machine. */
export function isKeySetUri(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  if (protocol === 'file:') return hostname === ''
  return (
    (protocol === 'http:' || protocol === 'https:') &&
    (hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname))
  )
}
