import { expect, test } from 'vitest'
import { type LocalCheck, localCheck } from './local-check.ts'

test.each<[string, LocalCheck | undefined]>([
  // Those of the load tester's and podinfo's published Deployments.
  ['wget --quiet --tries=1 --timeout=4 --spider http://localhost:8080/healthz', { port: 8080, path: '/healthz' }],
  ['podcli check http localhost:9898/healthz', { port: 9898, path: '/healthz' }],
  ['wget -qO- http://127.0.0.1/', { port: 80, path: '/' }],
  ['/usr/bin/wget -q -O /dev/null -T 3 -t1 localhost:8080', { port: 8080, path: '/' }],
  ['curl -fsS http://localhost:8080/ready?a=b', { port: 8080, path: '/ready?a=b' }],
  ['curl --fail --silent --output /dev/null --max-time 2 http://[::1]:80/x', { port: 80, path: '/x' }],
  ['curl -sfo /dev/null -m2 localhost:1', { port: 1, path: '/' }],
  // An answer of any status would do.
  ['curl -s http://localhost:8080/', undefined],
  // What is not understood is run.
  ['wget --spider https://localhost:8080/', undefined],
  ['wget --spider http://other:8080/', undefined],
  ['wget --spider http://localhost.example/', undefined],
  ['wget --header x http://localhost/', undefined],
  ['wget -O /tmp/x http://localhost/', undefined],
  ['wget http://localhost/ http://localhost/', undefined],
  ['wget', undefined],
  ['curl -f -d x http://localhost/', undefined],
  ['podcli check grpc localhost:9999', undefined],
  ['cat /tmp/ready', undefined],
  ['', undefined]
])('%s', (command, check) => {
  expect(localCheck(command.split(' '))).toEqual(check)
})
