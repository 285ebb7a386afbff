// Workloads as users of kubectl know them: what pods are given, how they fail and come back, what goes with what. Each test has a namespace.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pod } from '../../src/api/builtin-types-pod.ts'
import { dataPath } from '../data.ts'
import { type Api, apiOf } from './api.ts'
import { fetchThrough } from './mesh-request.ts'
import { found, KUBECTL_FOUND, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

let serin: Serin
let api: Api
beforeAll(async () => {
  if (!KUBECTL_FOUND) return
  serin = await startSerin()
  api = apiOf(serin.dir)
})
afterAll(async () => {
  api?.close()
  await serin?.stop()
})

/** kubectl in a namespace; fails unless the command succeeds. */
function inNamespace(namespace: string): (line: string, input?: object | string) => Promise<string> {
  return async (line, input) => {
    const text = input === undefined ? {} : { input: typeof input === 'string' ? input : JSON.stringify(input) }
    const { code, stdout, stderr } = await serin.kubectl(['-n', namespace, ...line.split(' ')], text)
    if (code !== 0) throw new Error(`kubectl ${line}: ${code}\n${stdout}\n${stderr}`)
    return stdout
  }
}

async function fresh(namespace: string): Promise<ReturnType<typeof inNamespace>> {
  const kubectl = inNamespace(namespace)
  await kubectl(`create namespace ${namespace}`)
  return kubectl
}

function pod(name: string, container: object, spec: object = {}): object {
  const containers = [{ name: 'main', image: 'none', ...container }]
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec: { ...spec, containers } }
}

const shell = (script: string): object => ({ command: ['sh', '-c', script] })

describe.skipIf(!KUBECTL_FOUND).concurrent('kubectl: workloads', () => {
  it('a pod is given its variables and volumes, and waits for what is missing', async () => {
    const kubectl = await fresh('given')
    const variables = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)-$(NONE)-$$(A)' },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'conf', key: 'colour' } } },
      { name: 'PASS', valueFrom: { secretKeyRef: { name: 'safe', key: 'pass' } } }
    ]
    const script =
      'echo "$A $B $NAME $APP $COLOUR $PASS $X_colour"; cat $VOLUME_CONF/colour $VOLUME_SAFE/pass; touch $VOLUME_TMP/mine && echo; sleep 600'
    const volumes = [
      { name: 'conf', configMap: { name: 'conf' } },
      { name: 'safe', secret: { secretName: 'safe' } },
      { name: 'tmp', emptyDir: {} }
    ]
    const container = { ...shell(script), env: variables, envFrom: [{ configMapRef: { name: 'conf' }, prefix: 'X_' }] }
    await kubectl('apply -f -', pod('given', container, { volumes }))
    const waiting = () => kubectl('get pod given -o jsonpath={.status.containerStatuses[0].state.waiting}')
    await until('it waits for the ConfigMap', async () => (await waiting()).includes('CreateContainerConfigError'))
    expect(await waiting()).toContain('configmap \\"conf\\" not found')
    await kubectl('create configmap conf --from-literal=colour=blue')
    await kubectl('create secret generic safe --from-literal=pass=word')
    await kubectl('wait --for=condition=Ready pod/given --timeout=30s')
    await until('it has said all', async () => (await kubectl('logs given')) === '1 1-$(NONE)-$(A) given given blue word blue\nblueword\n')
  })

  it('a program that ends is started again after growing pauses; its last words can be read', async () => {
    const kubectl = await fresh('crash')
    const states = api.states('/api/v1/namespaces/crash/pods')
    await kubectl('apply -f -', pod('crash', shell('echo began; echo ends >&2; exit 3')))
    // Its pauses, each once: the time between them is the container's, and who asks may be slow.
    const pauses = (): string[] => {
      const messages = (states as readonly Pod[]).map(({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message ?? '')
      return [...new Set(messages.filter((message) => message.startsWith('back-off ')))]
    }
    await until('it waits the third time', () => pauses().length >= 3)
    expect(pauses().slice(0, 3)).toEqual(
      [1, 2, 4].map((seconds) =>
        expect.stringMatching(`^back-off ${seconds}s restarting failed container=main pod=crash_crash\\([-0-9a-f]+\\)$`)
      )
    )
    // A pause is longer than a question by now; between two it runs for a moment.
    await until('it is in CrashLoopBackOff', async () => {
      const line = await kubectl('get pod crash --no-headers')
      return /^crash +0\/1 +CrashLoopBackOff +([2-9]|\d\d) /.test(line)
    })
    expect(await kubectl('logs crash --previous')).toBe('began\nends\n')
    expect(await kubectl('get pod crash -o jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}')).toBe('3')
    expect(await kubectl('describe pod crash')).toMatch(/Warning +BackOff .*Back-off restarting failed container main in pod crash_crash\(/)
  })

  it('probes decide: liveness restarts, readiness gates, startup holds both back, gRPC is named', async () => {
    const kubectl = await fresh('probes')
    const never = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 }
    const port = `require('net').createServer().listen(7000)`
    const listens = { tcpSocket: { port: 'tcp' }, periodSeconds: 1 }
    const ports = [{ name: 'tcp', containerPort: 7000 }]
    await kubectl('apply -f -', pod('live', { ...shell('sleep 600'), livenessProbe: never }))
    await kubectl('apply -f -', pod('unready', { ...shell('sleep 600'), readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 } }))
    await kubectl('apply -f -', pod('ready', { command: ['node', '-e', port], ports, readinessProbe: listens, startupProbe: listens }))
    await kubectl(
      'apply -f -',
      pod('slow', { ...shell('sleep 600'), livenessProbe: never, startupProbe: { ...never, failureThreshold: 600 } })
    )
    await kubectl('wait --for=condition=Ready pod/ready --timeout=30s')
    const states = api.states('/api/v1/namespaces/probes/pods?fieldSelector=metadata.name=live')
    await until('liveness restarted it', () =>
      (states as readonly Pod[]).some(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
    )
    expect(await kubectl('describe pod live')).toMatch(/Killing .*Container main failed liveness probe, will be restarted/)
    expect(await kubectl('get pod unready --no-headers')).toMatch(/^unready +0\/1 +Running +0 /)
    expect(await kubectl('get pod slow --no-headers')).toMatch(/^slow +0\/1 +Running +0 /)
    const told = await serin.kubectl(['-n', 'probes', 'apply', '-f', '-'], {
      input: JSON.stringify(pod('grpc', { ...shell('sleep 600'), livenessProbe: { grpc: { port: 1 } } }))
    })
    expect(told.stderr).toMatch(/^Warning: spec: stored but without effect on local processes: probes of kind grpc( |\n)/)
  })

  it('an image that nothing maps leaves the pod Pending, and an Event says what to write where', async () => {
    const kubectl = await fresh('image')
    await kubectl('run web --image=docker.io/library/nginx:1.27')
    await until('it says why', async () => /^web +0\/1 +ImageNotRunnable/.test(await kubectl('get pod web --no-headers')))
    expect(await kubectl('get pod web -o jsonpath={.status.phase}')).toBe('Pending')
    const events = await until('there is an Event', async () => {
      const text = await kubectl('get events --field-selector reason=ImageNotRunnable -o jsonpath={.items[*].message}')
      return text !== '' && text
    })
    expect(events).toContain('map the image in serin.yaml (--config FILE), for example  images: {"nginx:*": "serin/demo"}')
  })

  it("Flagger's load tester and podinfo are applied as published: the one runs, the other says that its image has to be mapped", async () => {
    const kubectl = await fresh('published')
    for (const file of ['tester/service', 'tester/deployment', 'podinfo/deployment'])
      await kubectl(`apply -f ${dataPath(`samples/flagger/${file}.yaml`)}`)
    // Its probe is a wget of localhost.
    await kubectl('rollout status deployment/flagger-loadtester --timeout=60s')
    const load = await fetchThrough(serin.addresses.mesh, 'http://flagger-loadtester.published/healthz')
    expect(load.status).toBe(200)
    const events = await until('podinfo says why', async () => {
      const text = await kubectl('get events --field-selector reason=ImageNotRunnable -o jsonpath={.items[*].message}')
      return text !== '' && text
    })
    expect(events).toContain('"./podinfo" is no program of this machine')
    expect(events).toContain('images: {"ghcr.io/stefanprodan/podinfo:*": "serin/demo"}')
  })

  it('init containers run first; a pod that is not restarted ends as its containers did', async () => {
    const kubectl = await fresh('ends')
    const initContainers = [{ name: 'first', image: 'none', ...shell('echo before') }]
    await kubectl('apply -f -', pod('good', shell('echo done'), { restartPolicy: 'Never', initContainers }))
    await kubectl('apply -f -', pod('bad', shell('exit 2'), { restartPolicy: 'Never' }))
    await kubectl('wait --for=jsonpath={.status.phase}=Succeeded pod/good --timeout=30s')
    await kubectl('wait --for=jsonpath={.status.phase}=Failed pod/bad --timeout=30s')
    expect(await kubectl('logs good -c first')).toBe('before\n')
    expect(await kubectl('get pods --no-headers')).toMatch(/^bad +0\/1 +Error +0 .*\ngood +0\/1 +Completed +0 /)
  })
})

/** A Deployment of the demo application and its Service on port 80. */
function application(name: string, image: string, replicas = 2): string {
  const labels = { app: name }
  const readinessProbe = { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1 }
  const containers = [{ name: 'main', image, ports: [{ containerPort: 8080 }], readinessProbe }]
  const spec = { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } }
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }]
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports } }
  ]
    .map((object) => JSON.stringify(object))
    .join('\n')
}

describe.skipIf(!KUBECTL_FOUND).concurrent('kubectl: what goes with what', () => {
  it('a rolling update under load loses no request', async () => {
    const kubectl = await fresh('roll')
    await kubectl('apply -f -', application('web', 'serin/demo:1'))
    await kubectl('rollout status deployment/web --timeout=60s')
    await until('it answers', async () => (await fetchThrough(serin.addresses.mesh, 'http://web.roll/')).status === 200)
    const seen = new Map<string, number>()
    const rolled = new AbortController()
    const load = (async () => {
      while (!rolled.signal.aborted) {
        const { status, text } = await fetchThrough(serin.addresses.mesh, 'http://web.roll/')
        const answer = `${status} ${/"version":"(\d)"/.exec(text)?.[1] ?? text}`
        seen.set(answer, (seen.get(answer) ?? 0) + 1)
      }
    })()
    await until('the load is answered', () => seen.has('200 1'))
    await kubectl('set image deployment/web main=serin/demo:2')
    await kubectl('rollout status deployment/web --timeout=60s')
    await until('only the new version answers', async () =>
      (await fetchThrough(serin.addresses.mesh, 'http://web.roll/')).text.includes('"version":"2"')
    )
    rolled.abort()
    await load
    expect([...seen.keys()].toSorted()).toEqual(['200 1', '200 2'])
    expect(await kubectl('get deployment web -o jsonpath={.status.availableReplicas}')).toBe('2')
  })

  it.skipIf(!found('curl', '--version'))('names resolve from inside a pod: short ones in its namespace, others with theirs', async () => {
    const [kubectl, other] = await Promise.all([fresh('names'), fresh('test')])
    await kubectl('apply -f -', application('web', 'serin/demo:1', 1))
    const loadtester = application('flagger-loadtester', 'serin/loadtester:1', 1).replaceAll('/health', '/healthz')
    await other('apply -f -', loadtester)
    await kubectl('create deployment sleep --image=serin/sleep')
    for (const name of ['web', 'sleep']) await kubectl(`rollout status deployment/${name} --timeout=60s`)
    await other('rollout status deployment/flagger-loadtester --timeout=60s')
    const curl = (url: string): Promise<string> => kubectl(`exec deploy/sleep -- curl -sS ${url}`)
    for (const name of ['web', 'web.names', 'web.names.svc', 'web.names.svc.cluster.local']) {
      expect(JSON.parse(await curl(`http://${name}/of`))).toMatchObject({ app: 'web', version: '1', path: '/of', headers: { host: name } })
    }
    expect(await curl('http://flagger-loadtester.test/healthz')).toBe('ok\n')
    // In the caller's namespace there is no such Service.
    expect(await curl('-o /dev/null -w %{http_code} http://flagger-loadtester/healthz')).not.toBe('200')
  })

  it('every namespace holds its ServiceAccount and certificate; with it goes everything in it', async () => {
    const kubectl = await fresh('whole')
    await until('both are there', async () => {
      const names = await kubectl('get serviceaccounts,configmaps -o name')
      return names === 'serviceaccount/default\nconfigmap/kube-root-ca.crt\n'
    })
    await kubectl('delete serviceaccount default')
    await until('it is there again', async () => (await kubectl('get serviceaccounts -o name')) === 'serviceaccount/default\n')
    await kubectl('apply -f -', application('web', 'serin/demo:1'))
    await kubectl('rollout status deployment/web --timeout=60s')
    await kubectl('delete namespace whole --timeout=60s')
    for (const kinds of ['all', 'serviceaccounts,configmaps,endpoints,endpointslices,events']) {
      expect(await kubectl(`get ${kinds} -o name`)).toBe('')
    }
    const service = await inNamespace('default')('get service kubernetes -o jsonpath={.spec.ports[0].name}')
    expect(service).toBe('https')
  })

  it('deleting a Deployment takes or leaves what it owns, as --cascade says', async () => {
    const kubectl = await fresh('cascade')
    const make = async (): Promise<void> => {
      await kubectl('apply -f -', application('web', 'serin/demo:1', 1))
      await kubectl('rollout status deployment/web --timeout=60s')
    }
    const left = (): Promise<string> => kubectl('get replicasets,pods -o name')
    await make()
    const owned = await left()
    await kubectl('delete deployment web --cascade=orphan')
    expect(await left()).toBe(owned)
    await make()
    expect(await left()).toBe(owned)
    await kubectl('delete deployment web --cascade=foreground')
    expect(await left()).toBe('')
    await make()
    await kubectl('delete deployment web')
    await until('all of it is gone', async () => (await left()) === '')
  })

  it('a DaemonSet runs one pod, rolls it, and runs none where no node fits', async () => {
    const kubectl = await fresh('daemons')
    const labels = { app: 'agent' }
    const agent = (word: string, spec: object = {}): object => ({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { ...spec, containers: [{ name: 'main', image: 'none', ...shell(`echo ${word}; exec sleep 600`) }] }
        }
      }
    })
    await kubectl('apply -f -', agent('one'))
    expect(await kubectl('rollout status daemonset/agent --timeout=60s')).toContain('daemon set "agent" successfully rolled out')
    expect(await kubectl('get ds')).toMatch(/agent +1 +1 +1 +1 +1 +<none>/)
    await kubectl('apply -f -', agent('two', { terminationGracePeriodSeconds: 0 }))
    await kubectl('rollout status daemonset/agent --timeout=60s')
    await until('the new pod alone is there', async () => (await kubectl('get pods -o name')).split('\n').length === 2)
    await until('it runs the new template', async () => (await kubectl('logs -l app=agent')) === 'two\n')
    await kubectl('apply -f -', agent('two', { terminationGracePeriodSeconds: 0, nodeSelector: { gpu: 'true' } }))
    await until('no pod is left', async () => (await kubectl('get pods -o name')) === '')
    await until('and none is wanted', async () => /agent +0 +0 +0 +0 +0 +gpu=true/.test(await kubectl('get ds')))
    await kubectl('delete daemonset agent')
    expect(await kubectl('get ds -o name')).toBe('')
  })

  it('an autoscaler keeps a Deployment in its bounds, and leaves one without pods alone', async () => {
    const kubectl = await fresh('scaled')
    await kubectl('apply -f -', application('web', 'serin/demo:1', 1))
    await kubectl('autoscale deployment web --min=2 --max=3 --cpu-percent=80')
    await until('it has the fewest', async () => (await kubectl('get deployment web -o jsonpath={.spec.replicas}')) === '2')
    await until('it says what it sees', async () => /Deployment\/web +cpu: <unknown>\/80% +2 +3 +2/.test(await kubectl('get hpa web')))
    expect(await kubectl('describe hpa web')).toMatch(/ScalingActive +False +FailedGetResourceMetric/)
    await kubectl('scale deployment web --replicas=0')
    await until('it is off', async () => (await kubectl('describe hpa web')).includes('ScalingDisabled'))
    expect(await kubectl('get deployment web -o jsonpath={.spec.replicas}')).toBe('0')
    await kubectl('delete hpa web')
  })
})
