// The proxy a user would write: node:http in front, undici behind. Usage: node bench/naive-proxy.ts PORT BACKEND-PORT

import { createServer } from 'node:http'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { Agent } from 'undici'

const [port, backend] = process.argv.slice(2)
const agent = new Agent({ connections: 512, pipelining: 1 })

createServer((request, response) => {
  const { connection: _, 'transfer-encoding': __, ...headers } = request.headers
  const bodiless = request.method === 'GET' || request.method === 'HEAD'
  const path = request.url ?? '/'
  const method = request.method ?? 'GET'
  agent
    .request({ origin: `http://127.0.0.1:${backend}`, path, method, headers, body: bodiless ? null : request })
    .then((answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      return pipeline(answer.body, response)
    })
    .catch(() => response.destroy())
}).listen(Number(port), '127.0.0.1')
