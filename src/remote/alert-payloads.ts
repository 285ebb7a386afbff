// An alert as each chat takes it (flagger.md 6.2). Text is escaped where the chat would read markup in it: what a Canary or a webhook's answer
// says must not call a channel or draw links.

/** The chats that Flagger's AlertProvider knows. */
export type ChatKind = 'slack' | 'msteams' | 'discord' | 'rocket' | 'gchat'

/** A named value below the message. */
export interface NewsField {
  readonly name: string
  readonly value: string
}

/** Something to tell people about a Canary. */
export interface News {
  readonly name: string
  readonly namespace: string
  readonly severity: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: readonly NewsField[]
}

/** Who says it, and where. */
export interface Voice {
  readonly kind: ChatKind
  readonly channel: string
  readonly username: string
}

/** The JSON body of the call. */
export function payloadOf(voice: Voice, news: News): Readonly<Record<string, unknown>> {
  switch (voice.kind) {
    case 'slack':
    case 'discord':
    case 'rocket':
      return attachment(voice, news)
    case 'msteams':
      return messageCard(news)
    case 'gchat':
      return card(news)
  }
}

// Slack's oldest form of attachments, which Discord and Rocket.Chat take too. Only Slack reads entities.
function attachment({ kind, channel, username }: Voice, news: News): Readonly<Record<string, unknown>> {
  const text = kind === 'slack' ? escaped : asIs
  return {
    channel,
    username,
    icon_emoji: ':rocket:',
    attachments: [
      {
        color: colour(kind, news),
        author_name: subject(news),
        text: text(news.message),
        mrkdwn_in: ['text'],
        fields: news.fields.map(({ name, value }) => ({ title: name, value: text(value), short: false }))
      }
    ]
  }
}

function colour(kind: ChatKind, { severity }: News): string {
  if (kind === 'rocket') return severity === 'error' ? '#FF0000' : '#0076D7'
  return severity === 'error' ? 'danger' : 'good'
}

// The connector format of Microsoft Teams.
function messageCard(news: News): Readonly<Record<string, unknown>> {
  return {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    themeColor: news.severity === 'error' ? 'FF0000' : '0076D7',
    summary: escaped(`${subject(news)}: ${news.message}`),
    sections: [
      {
        activityTitle: escaped(news.message),
        activitySubtitle: subject(news),
        facts: news.fields.map(({ name, value }) => ({ name, value: escaped(value) }))
      }
    ]
  }
}

// Cards of Google Chat, first version.
function card(news: News): Readonly<Record<string, unknown>> {
  const paragraph = (text: string): readonly unknown[] => [{ textParagraph: { text: escaped(text) } }]
  return {
    cards: [
      {
        header: { title: 'Flagger', subtitle: subject(news) },
        sections: [
          { widgets: paragraph(news.message) },
          ...news.fields.map(({ name, value }) => ({ header: name, widgets: paragraph(value) }))
        ]
      }
    ]
  }
}

function subject({ name, namespace }: News): string {
  return `${name}.${namespace}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function asIs(text: string): string {
  return text
}
