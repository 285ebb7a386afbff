// `pilot-agent request METHOD PATH` in a pod's istio-proxy: asks the proxy's admin port and prints the answer, as Istio's program does. Its
// other commands configure a real sidecar and are not here.

const USAGE = 'usage: pilot-agent request GET stats (or another path of the admin port)'

function fail(message: string): never {
  process.stderr.write(`Error: ${message}\n`)
  process.exit(255)
}

function causeOf(error: unknown): string {
  const { cause = error } = error instanceof Error ? error : {}
  return cause instanceof Error ? cause.message : String(cause)
}

async function request(method: string, path: string): Promise<void> {
  const admin = process.env['SERIN_ADMIN'] ?? 'http://127.0.0.1:15000'
  const response = await fetch(`${admin}/${path.replace(/^\//, '')}`, { method }).catch((error: unknown) =>
    fail(`cannot reach the admin port at ${admin}: ${causeOf(error)}`)
  )
  const text = await response.text()
  // What is not found is printed like an answer, as by Istio's.
  if (response.status > 399 && response.status !== 404)
    fail(`received unsuccessful status code ${response.status}: ${response.status} ${response.statusText}`)
  process.stdout.write(`${text}\n`)
}

// A reader that has seen enough (`| head`, `| grep -q`) closes the pipe.
process.stdout.on('error', () => process.exit(0))

const [command, method, path] = process.argv.slice(2)
if (command !== 'request')
  fail(`${command === undefined ? 'no command given' : `unknown command "${command}" for "pilot-agent"`}; ${USAGE}`)
if (method === undefined || path === undefined) fail(`"request" needs a method and a path; ${USAGE}`)
await request(method.toUpperCase(), path)
