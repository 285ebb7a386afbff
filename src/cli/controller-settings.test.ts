import { expect, test } from 'vitest'
import { OUTBOUND_RULES } from '../remote/outbound-rules.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { readConfig } from './config.ts'
import { controllerRules } from './controller-settings.ts'

test("the settings of the controller are read by the names of Flagger's flags", () => {
  const text = `
controller:
  slackUrl: https://hooks.slack.com/services/x
  slackChannel: releases
  clusterName: eu-1
  noCrossNamespaceRefs: true
  enableConfigTracking: false
  selectorLabels: k8s-app, app
  includeLabelPrefix: app.kubernetes.io
  eventWebhook: http://events.example/hook
  outbound: {linkLocal: allowed, redirects: any}
`
  const config = readConfig(text, 'serin.yaml')
  const controller = 'controller' in config ? (config.controller ?? {}) : {}
  expect(controllerRules(controller, {})).toEqual({
    alerts: {
      clusterName: 'eu-1',
      noCrossNamespaceRefs: true,
      chat: {
        kind: 'slack',
        address: 'https://hooks.slack.com/services/x',
        token: undefined,
        proxy: undefined,
        channel: 'releases',
        username: 'flagger'
      }
    },
    eventWebhook: 'http://events.example/hook',
    trackConfigs: false,
    labels: { selectors: ['k8s-app', 'app'], prefixes: ['app.kubernetes.io'] },
    outbound: { linkLocal: 'allowed', loopback: 'allowed', redirects: 'any' }
  })
})

test('without settings nobody is told, configs are tracked and metadata addresses refused', () => {
  expect(controllerRules({}, {})).toEqual({
    alerts: { clusterName: '', noCrossNamespaceRefs: false, chat: undefined },
    eventWebhook: undefined,
    trackConfigs: true,
    labels: DEFAULT_LABELS,
    outbound: OUTBOUND_RULES
  })
})

test('the environment goes before the settings, and Teams before Slack', () => {
  const settings = { slackUrl: 'http://slack', slackProxyUrl: 'http://p', eventWebhook: 'http://a' }
  const slack = { SLACK_URL: 'http://other', SLACK_TOKEN: 't', SLACK_PROXY_URL: 'http://q', EVENT_WEBHOOK_URL: 'http://b' }
  expect(controllerRules(settings, slack)).toMatchObject({
    eventWebhook: 'http://b',
    alerts: { chat: { kind: 'slack', address: 'http://other', token: 't', proxy: 'http://q', channel: 'general' } }
  })
  expect(controllerRules(settings, { MSTEAMS_URL: 'http://teams', MSTEAMS_PROXY_URL: 'http://r' })).toMatchObject({
    alerts: { chat: { kind: 'msteams', address: 'http://teams', proxy: 'http://r', token: undefined } }
  })
})

test.each([
  ['controller: 5', 'serin.yaml:1: controller: must be a map'],
  ['controller:\n  slackURL: x', 'serin.yaml:2: controller.slackURL: unknown field; known are slackUrl'],
  ['controller:\n  slackUrl: 5', 'serin.yaml:2: controller.slackUrl: must be a text'],
  ['controller:\n  slackUrl: ftp://x', 'serin.yaml:2: controller.slackUrl: must be an http or https URL'],
  ['controller:\n  noCrossNamespaceRefs: maybe', 'serin.yaml:2: controller.noCrossNamespaceRefs: must be true or false'],
  ['controller:\n  threadiness: 2', 'serin.yaml:2: controller.threadiness: is not set here: Canaries are looked at side by side'],
  ['controller:\n  meshProvider: linkerd', 'serin.yaml:2: controller.meshProvider: is not set here: there is no other mesh'],
  ['controller:\n  outbound: {linkLocal: maybe}', 'controller.outbound.linkLocal: must be refused or allowed'],
  ['controller:\n  outbound: {proxy: x}', 'controller.outbound.proxy: unknown field; known are linkLocal, loopback, redirects']
])('%j is refused: %s', (text, message) => {
  const lines = readConfig(text, 'serin.yaml')
  expect(Array.isArray(lines) ? lines.join('\n') : lines).toContain(message)
})
