// The upstream of all proxies: one nginx process that answers from memory, on six loopback addresses, so that a proxy has several endpoints.

import { mkdirSync } from 'node:fs'
import { neededProgram } from './programs.ts'
import { type Stage, freePort, untilAnswered } from './stage.ts'

/** Where the backend listens: the three endpoints of v1, then those of v2. */
export const ADDRESSES: readonly string[] = Array.from({ length: 6 }, (_, at) => `127.0.0.${at + 1}`)

/** Starts it; resolves with its port. */
export async function startBackend(stage: Stage): Promise<number> {
  const nginx = neededProgram('nginx')
  const port = await freePort()
  mkdirSync(`${stage.folder}/files`)
  stage.write('files/10k', 'y'.repeat(10_240))
  stage.write('files/1m', 'z'.repeat(1_048_576))
  stage.start('backend', nginx, ['-p', stage.folder, '-c', stage.write('backend.conf', backendConf(stage.folder, port))])
  await untilAnswered(port, '/100')
  return port
}

/** The first lines of any nginx here. */
export function nginxHead(folder: string, name: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${name}-${kind};`)
  return `daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/${name}.pid; error_log stderr crit;
events { worker_connections 16384; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_body_buffer_size 64k; ${temporary.join(' ')}`
}

function backendConf(folder: string, port: number): string {
  const listen = ADDRESSES.map((address) => `listen ${address}:${port} backlog=4096;`)
  return `${nginxHead(folder, 'backend')}
 default_type application/octet-stream;
 server { ${listen.join(' ')} root ${folder}/files;
  location = /100 { return 200 "${'x'.repeat(100)}"; }
  location = /who { return 200 "$server_addr"; }
  location = /10k { open_file_cache max=10; }
  location = /1m { open_file_cache max=10; }
  location = /chunked { ssi on; ssi_types *; alias ${folder}/files/10k; open_file_cache max=10; }
 } }
`
}
