// Every verb of kubectl that Serin serves, on a running instance, with what a real cluster prints; where something is not served, what the
// user reads instead. With the newest kubectl of this machine.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { findKubectls } from '../conformance/find-kubectls.ts'
import { play, type Line } from './kubectl-script.ts'
import { KUBECTL_FOUND } from './run.ts'
import { startSerin, type Serin } from './serin.ts'

const files = mkdtempSync(join(tmpdir(), 'serin-kubectl-'))
let serin: Serin
beforeAll(async () => {
  if (KUBECTL_FOUND) serin = await startSerin()
}, 60_000)
afterAll(async () => {
  await serin?.stop()
  rmSync(files, { recursive: true, force: true })
})

const newest = findKubectls().toSorted((a, b) => b.version.localeCompare(a.version, undefined, { numeric: true }))[0]?.program

// The lines of each subject, in a namespace of its own.
async function inNamespace(namespace: string, lines: readonly Line[]): Promise<void> {
  const place = { serin, ...(newest !== undefined && { program: newest }) }
  await play({ ...place, namespace: 'default' }, [{ run: `create namespace ${namespace}` }])
  await play({ ...place, namespace }, lines)
}

const POD: Line = { run: 'run p --image=serin/demo:1.0 --env=WORD=hi', says: 'pod/p created' }
const READY: Line = { run: 'wait --for=condition=Ready pod/p --timeout=30s', says: 'pod/p condition met' }
const CANARY = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'web' },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    service: { port: 80 },
    analysis: { interval: '10s', threshold: 1, stepWeight: 10 }
  }
}

describe.skipIf(!KUBECTL_FOUND).concurrent('kubectl on a running instance', { timeout: 120_000 }, () => {
  it('kubectl: create makes every kind that is served, and names what is not', () =>
    inNamespace('create', [
      { run: 'create configmap conf --from-literal=a=1', says: 'configmap/conf created' },
      { run: 'create secret generic s --from-literal=user=u', says: 'secret/s created' },
      { run: 'create secret docker-registry r --docker-server=x --docker-username=u --docker-password=p', says: 'secret/r created' },
      { run: 'create serviceaccount bot', says: 'serviceaccount/bot created' },
      { run: 'create deployment web --image=serin/demo:1.0', says: 'deployment.apps/web created' },
      { run: 'expose deployment web --port=80', says: 'service/web exposed' },
      { run: 'create service clusterip other --tcp=80:8080', says: 'service/other created' },
      { run: 'create configmap conf', fails: 'error: failed to create configmap: configmaps "conf" already exists' },
      { run: 'describe secret s', says: /\nType: {2}Opaque\n\nData\n====\nuser: {2}1 bytes\n$/ },
      { run: 'autoscale deployment web --max=3', says: 'horizontalpodautoscaler.autoscaling/web autoscaled' },
      { run: 'auth can-i create deployments', says: 'yes' },
      { run: 'auth can-i list vs --as=bob', says: 'no', fails: /^$/ },
      { run: 'auth whoami', says: /^ATTRIBUTE +VALUE\nUsername +admin\n/ },
      { run: 'top pods', fails: 'error: Metrics API not available' },
      { run: 'get nodes', fails: `error: the server doesn't have a resource type "nodes"` }
    ]))

  it('kubectl: get selects, sorts and prints in every form', () =>
    inNamespace('get', [
      { run: 'create configmap b --from-literal=k=2' },
      { run: 'create configmap a --from-literal=k=1' },
      { run: 'label configmap a b mine=yes', says: 'configmap/a labeled\nconfigmap/b labeled' },
      { run: 'label configmap a on=yes', says: 'configmap/a labeled' },
      { run: 'get cm -l mine', says: /^NAME +DATA +AGE\na +1 +\d+s\nb +1 +\d+s\n$/ },
      { run: 'get cm -l on=yes -o name', says: 'configmap/a' },
      { run: 'get cm -l mine,on!=yes --show-labels --no-headers', says: /^b +1 +\d+s +mine=yes\n$/ },
      { run: 'get cm --field-selector metadata.name=b -o name', says: 'configmap/b' },
      { run: 'get cm -l mine --sort-by=.data.k -o jsonpath={.items[*].metadata.name}', says: /^a b$/ },
      { run: 'get cm -l mine --chunk-size=1 -o custom-columns=N:.metadata.name,K:.data.k', says: /^N +K\na +1\nb +2\n$/ },
      { run: `get cm a -o go-template='{{.data.k}}'`, says: /^1$/ },
      { run: 'get cm a nope -o name', says: 'configmap/a', fails: 'Error from server (NotFound): configmaps "nope" not found' },
      { run: 'get cm nope --ignore-not-found', says: /^$/ },
      { run: 'get cm --field-selector spec.x=1', fails: /"spec\.x" is not a known field selector/ },
      { run: 'get foos', fails: `error: the server doesn't have a resource type "foos"` },
      {
        run: 'api-resources --api-group=flagger.app -o name',
        says: 'alertproviders.flagger.app\ncanaries.flagger.app\nmetrictemplates.flagger.app'
      },
      { run: 'explain canary.spec.analysis.stepWeight', says: /Weight added at each step\./ },
      { run: 'explain pod.spec.containers.livenessProbe.httpGet', says: /By an HTTP request/ },
      { run: 'explain vs --api-version=networking.istio.io/v1alpha3', says: /VERSION: +v1alpha3\n\nDESCRIPTION:\n +Decides by host/ }
    ]))

  it('kubectl: one object of Istio is served in three versions', () =>
    inNamespace('versions', [
      {
        run: 'apply -f -',
        input: {
          apiVersion: 'networking.istio.io/v1alpha3',
          kind: 'DestinationRule',
          metadata: { name: 'd' },
          spec: { host: 'h.example' }
        },
        says: 'destinationrule.networking.istio.io/d created'
      },
      { run: 'get dr d -o jsonpath={.apiVersion}', says: /^networking\.istio\.io\/v1$/ },
      { run: 'get destinationrules.v1beta1.networking.istio.io d -o jsonpath={.apiVersion}', says: /^networking\.istio\.io\/v1beta1$/ },
      { run: 'get destinationrules.v1alpha3.networking.istio.io', says: /^NAME +HOST +AGE\nd +h\.example +\d+s\n$/ },
      {
        run: `patch dr d -p '{"spec":{"host":"i.example"}}'`,
        fails: /application\/strategic-merge-patch\+json is not supported by networking\.istio\.io\/v1/
      },
      { run: `patch dr d --type=merge -p '{"spec":{"host":"i.example"}}'`, says: 'destinationrule.networking.istio.io/d patched' }
    ]))

  it('kubectl: edit saves, refuses and opens again', async () => {
    const replaced = (from: string, to: string): string => {
      const script = join(files, `${to.replaceAll(/\W/g, '')}.sh`)
      // once: what kubectl opens again is left as it is, which ends the edit
      writeFileSync(script, `#!/bin/sh\ngrep -q '^# .*not valid' "$1" || sed -i 's/${from}/${to}/' "$1"\n`, { mode: 0o755 })
      return script
    }
    const edit = async (script: string, line: Line): Promise<void> => {
      await play({ serin, namespace: 'edit', env: { KUBE_EDITOR: script }, ...(newest !== undefined && { program: newest }) }, [line])
    }
    await inNamespace('edit', [
      { run: 'create deployment web --image=serin/demo:1.0 --replicas=0' },
      { run: 'create configmap conf --from-literal=k=one' }
    ])
    await edit(replaced('k: one', 'k: two'), { run: 'edit configmap conf', says: 'configmap/conf edited' })
    await edit(replaced('k: nine', 'k: ten'), { run: 'edit configmap conf', says: /^$/ })
    const bad = replaced('replicas: 0', 'replicas: -1')
    await edit(bad, { run: 'edit deployment web', fails: /deployments\.apps "web" is invalid\n[^]*no valid changes were saved/ })
    await play({ serin, namespace: 'edit' }, [{ run: 'get cm conf -o jsonpath={.data.k}', says: /^two$/ }])
  })

  it('kubectl: set, scale, annotate, label and rollout change a Deployment', () =>
    inNamespace('change', [
      { run: 'create deployment web --image=serin/demo:1.0' },
      { run: 'rollout status deployment web --timeout=30s' },
      { run: 'set env deployment/web A=1', says: 'deployment.apps/web env updated' },
      { run: 'set resources deployment web --limits=cpu=1', says: 'deployment.apps/web resource requirements updated' },
      { run: 'set serviceaccount deployment web bot', says: 'deployment.apps/web serviceaccount updated' },
      { run: 'rollout history deployment/web', says: /^deployment\.apps\/web \nREVISION {2}CHANGE-CAUSE\n1 +<none>\n/ },
      { run: 'rollout undo deployment/web --to-revision=99', fails: 'error: unable to find specified revision 99 in history' },
      { run: 'rollout pause deployment/web', says: 'deployment.apps/web paused' },
      {
        run: 'rollout restart deployment/web',
        fails: `error: deployments.apps "web" can't restart paused deployment (run rollout resume first)`
      },
      { run: 'rollout resume deployment/web', says: 'deployment.apps/web resumed' },
      { run: 'rollout restart deployment/web', says: 'deployment.apps/web restarted' },
      { run: 'scale deployment web --current-replicas=5 --replicas=2', fails: 'error: Expected replicas to be 5, was 1' },
      { run: 'scale deployment web --replicas=0', says: 'deployment.apps/web scaled' },
      { run: 'annotate deployment web note=1', says: 'deployment.apps/web annotated' },
      { run: 'annotate deployment web note=2', fails: /--overwrite is false but found the following declared annotation\(s\): 'note'/ },
      { run: 'label deployment web app-', says: 'deployment.apps/web unlabeled' },
      {
        run: 'get events --field-selector reason=ScalingReplicaSet -o jsonpath={.items[0].source.component}',
        says: /^deployment-controller$/
      }
    ]))

  it('kubectl: patches that do not fit are refused in the words of a real server', () =>
    inNamespace('patch', [
      { run: 'create deployment web --image=serin/demo:1.0 --replicas=0' },
      {
        run: `patch deployment web -p '{"spec":{"replicas":"one"}}'`,
        fails: /^The request is invalid: patch: Invalid value: "map\[spec:map\[replicas:one\]\]": /
      },
      {
        run: `patch deployment web -p '{"spec":{"replicas":-1}}'`,
        fails: 'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
      },
      {
        run: `patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":-1}}'`,
        fails: 'The Scale "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
      },
      { run: `patch deployment web --type=json -p '[{"op":"test","path":"/spec/replicas","value":5}]'`, fails: /^The request is invalid/ },
      {
        run: `patch deployment web --type=merge -p '{"metadata":{"uid":"x"}}'`,
        fails: /metadata\.uid: Invalid value: "x": field is immutable\n$/
      },
      { run: 'apply -f -', input: CANARY, says: 'canary.flagger.app/web created' },
      {
        run: `patch canary web --type=merge -p '{"spec":{"analysis":{"threshold":"x"}}}'`,
        fails: /^The Canary "web" is invalid: \n\* spec\.analysis\.threshold: Invalid value: "string": .* must be of type number/
      }
    ]))

  it('kubectl: logs, exec, cp and attach reach a pod, port-forward says where it is', async () => {
    writeFileSync(join(files, 'copied'), 'bytes\n')
    await inNamespace('pods', [
      POD,
      READY,
      { run: 'logs p --tail=1', says: /^listening on [\d.]+:8080\n$/ },
      { run: `exec p -- sh -c 'echo $WORD'`, says: 'hi' },
      { run: `exec p -- sh -c 'exit 7'`, fails: /command terminated with exit code 7/ },
      { run: 'exec -i p -- cat', input: 'through\n', says: 'through' },
      { run: `cp ${join(files, 'copied')} p:${join(files, 'back')}` },
      { run: `exec p -- cat ${join(files, 'back')}`, says: 'bytes' },
      { run: 'attach -i p', fails: /containers have no standard input/ },
      { run: 'port-forward p 8080', fails: /connect to the pod's own address/ },
      { run: 'logs p -c nope', fails: 'error: container nope is not valid for pod p' },
      { run: 'delete pod p --grace-period=0 --force', says: /^pod "p" force deleted/ },
      { run: 'wait --for=delete pod/p --timeout=30s' }
    ])
  })

  it('kubectl: diff, replace and delete do what they say, and lasting namespaces last', () =>
    inNamespace('delete', [
      { run: 'create configmap a --from-literal=k=1' },
      { run: 'create configmap b --from-literal=k=1' },
      {
        run: 'diff -f -',
        input: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: '2' } },
        fails: /^$/,
        says: /\n- {2}k: "1"\n\+ {2}k: "2"\n/
      },
      {
        run: 'replace --force -f -',
        input: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
        says: /^configmap "a" deleted.*\nconfigmap\/a replaced\n$/
      },
      { run: 'delete cm a --dry-run=server', says: /^configmap "a" deleted.* \(server dry run\)\n$/ },
      { run: 'delete cm --all', says: /^configmap "a" deleted.*\nconfigmap "b" deleted/ },
      { run: 'delete cm a', fails: 'Error from server (NotFound): configmaps "a" not found' },
      {
        run: 'delete namespace default',
        fails: /\(Forbidden\): namespaces "default" is forbidden: this namespace may not be deleted\n$/
      },
      { run: 'create deployment web --image=serin/demo:1.0' },
      { run: 'rollout status deployment web --timeout=30s' },
      { run: 'delete deployment web --cascade=orphan', says: /^deployment\.apps "web" deleted/ },
      { run: 'get rs -l app=web -o jsonpath={.items[*].spec.replicas}', says: /^1$/ }
    ]))
})
