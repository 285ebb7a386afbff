import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { ChatKind, News } from './alert-payloads.ts'
import { AlertSender, type Chat } from './alert-sender.ts'
import { guardedFetch } from './guarded-fetch.ts'

interface Played {
  readonly url: string
  readonly seen: { readonly line: string; readonly token: string | undefined; readonly body: unknown }[]
}

/** A chat that answers this. */
async function play(status = 200, text = 'ok'): Promise<Played> {
  const seen: Played['seen'] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      seen.push({ line: `${request.method} ${request.url}`, token: request.headers.authorization, body: JSON.parse(body) })
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const never = new AbortController().signal
const sender = new AlertSender(guardedFetch(), () => undefined)

const NEWS: News = {
  name: 'podinfo',
  namespace: 'test',
  severity: 'error',
  message: 'Rolling back podinfo.test failed checks threshold reached 3',
  fields: [
    { name: 'Cluster', value: 'eu-1' },
    { name: 'Last failed check', value: 'success rate 90.00% < 99%' }
  ]
}

const chat = (kind: ChatKind, address: string, more: Partial<Chat> = {}): Chat => ({
  kind,
  address,
  channel: 'general',
  username: 'flagger',
  token: undefined,
  proxy: undefined,
  namespace: 'test',
  ...more
})

const slackForm = (color: string, value: string): unknown => ({
  channel: 'general',
  username: 'flagger',
  icon_emoji: ':rocket:',
  attachments: [
    {
      color,
      author_name: 'podinfo.test',
      text: NEWS.message,
      mrkdwn_in: ['text'],
      fields: [
        { title: 'Cluster', value: 'eu-1', short: false },
        { title: 'Last failed check', value, short: false }
      ]
    }
  ]
})
const RAW = 'success rate 90.00% < 99%'
const ESCAPED = 'success rate 90.00% &lt; 99%'

test.each<readonly [ChatKind, string, string, unknown]>([
  ['slack', '/services/x', '/services/x', slackForm('danger', ESCAPED)],
  ['discord', '/api/webhooks/1/x', '/api/webhooks/1/x/slack', slackForm('danger', RAW)],
  ['discord', '/api/webhooks/1/x/slack', '/api/webhooks/1/x/slack', slackForm('danger', RAW)],
  ['rocket', '/hooks/x', '/hooks/x', slackForm('#FF0000', RAW)],
  [
    'msteams',
    '/webhook/x',
    '/webhook/x',
    {
      '@type': 'MessageCard',
      '@context': 'http://schema.org/extensions',
      themeColor: 'FF0000',
      summary: `podinfo.test: ${NEWS.message}`,
      sections: [
        {
          activityTitle: NEWS.message,
          activitySubtitle: 'podinfo.test',
          facts: [
            { name: 'Cluster', value: 'eu-1' },
            { name: 'Last failed check', value: ESCAPED }
          ]
        }
      ]
    }
  ],
  [
    'gchat',
    '/v1/spaces/x/messages?key=k',
    '/v1/spaces/x/messages?key=k',
    {
      cards: [
        {
          header: { title: 'Flagger', subtitle: 'podinfo.test' },
          sections: [
            { widgets: [{ textParagraph: { text: NEWS.message } }] },
            { header: 'Cluster', widgets: [{ textParagraph: { text: 'eu-1' } }] },
            { header: 'Last failed check', widgets: [{ textParagraph: { text: ESCAPED } }] }
          ]
        }
      ]
    }
  ]
])('%s at %s gets its form at %s', async (kind, path, called, body) => {
  const { url, seen } = await play(kind === 'discord' ? 204 : 200, '')
  expect(await sender.send(chat(kind, url + path), NEWS, never)).toEqual({ kind: 'sent' })
  expect(seen).toEqual([{ line: `POST ${called}`, token: undefined, body }])
})

test.each<readonly [ChatKind, string]>([
  ['slack', 'good'],
  ['rocket', '#0076D7']
])('%s shows news and warnings in %s', async (kind, color) => {
  const { url, seen } = await play()
  await sender.send(chat(kind, url), { ...NEWS, severity: 'info' }, never)
  await sender.send(chat(kind, url), { ...NEWS, severity: 'warn' }, never)
  expect(seen.map(({ body }) => body)).toEqual([
    expect.objectContaining({ attachments: [expect.objectContaining({ color })] }),
    expect.objectContaining({ attachments: [expect.objectContaining({ color })] })
  ])
})

test('a token is sent to Slack as a bearer, and what its API refuses in JSON is a failure', async () => {
  const { url, seen } = await play(200, '{"ok":false,"error":"channel_not_found"}')
  expect(await sender.send(chat('slack', url, { token: 'xoxb-1', channel: 'on-call', username: 'me' }), NEWS, never)).toEqual({
    kind: 'failed',
    because: 'it answers "channel_not_found"',
    mayPass: false
  })
  expect(seen[0]).toMatchObject({ token: 'Bearer xoxb-1', body: { channel: 'on-call', username: 'me' } })
})

test('a message cannot call a channel of Slack', async () => {
  const { url, seen } = await play()
  await sender.send(chat('slack', url), { ...NEWS, message: 'failed 500: <!channel> <https://evil|click> &' }, never)
  expect(JSON.stringify(seen[0]?.body)).toContain('failed 500: &lt;!channel&gt; &lt;https://evil|click&gt; &amp;')
})

test('a proxy is called instead, with the whole URL', async () => {
  const { url, seen } = await play()
  expect(await sender.send(chat('rocket', 'http://rocket.example/hooks/x', { proxy: url.slice('http://'.length) }), NEWS, never)).toEqual({
    kind: 'sent'
  })
  expect(seen[0]?.line).toBe('POST http://rocket.example/hooks/x')
  expect(await sender.send(chat('rocket', url, { proxy: 'socks5://127.0.0.1' }), NEWS, never)).toMatchObject({
    kind: 'failed',
    mayPass: false
  })
})

test.each<readonly [number, boolean]>([
  [400, false],
  [404, false],
  [429, true],
  [500, true]
])('an answer of %i is a failure; that it may pass is %s', async (status, mayPass) => {
  const { url } = await play(status, 'no\u001b[31m\nservice')
  const because = `it answers ${status}: no\\x1b[31m service`
  expect(await sender.send(chat('msteams', `${url}/secret`), NEWS, never)).toEqual({ kind: 'failed', because, mayPass })
})

test('an address that is not called fails for good and stays untold; one that is down may come back', async () => {
  const metadata = await sender.send(chat('slack', 'http://169.254.169.254/services/secret'), NEWS, never)
  expect(metadata).toMatchObject({ kind: 'failed', mayPass: false })
  const down = await sender.send(chat('slack', 'http://127.0.0.1:1/services/secret'), NEWS, never)
  expect(down).toMatchObject({ kind: 'failed', mayPass: true })
  expect(JSON.stringify([metadata, down])).not.toContain('secret')
})
