// Callers who met the canary go on meeting it: the cookies of a rollout, and how routes set, read and end them (flagger.md 1.8, 3.4).
// A value follows from the revision and the cookie before it, so that an interrupted write is repeated with the same one.

import { dig, isObject, listAt } from '../std/json.ts'
import { lettersOf } from '../std/fnv1a.ts'

/** What a Canary asks for. */
export interface Affinity {
  readonly cookieName: string
  /** Who met the primary goes on meeting it for an interval; undefined: he is weighed anew with each request. */
  readonly primaryCookieName: string | undefined
  /** In seconds. */
  readonly maxAge: number
  /** Further attributes of the cookie, in Flagger's order, each with `; ` before it. */
  readonly attributes: string
}

/** The cookies of a Canary as its status keeps them, `name=value`. */
export interface Cookies {
  readonly canary?: string
  readonly primary?: string
  /** Of the run before: it is taken back from whoever still has it. */
  readonly previous?: string
}

const DAY_SECONDS = 86_400

/** Reads `spec.analysis.sessionAffinity`. */
export function affinityOf(given: unknown): Affinity | undefined {
  const cookieName = dig(given, 'cookieName')
  if (typeof cookieName !== 'string' || cookieName === '') return undefined
  const [maxAge, primary] = [dig(given, 'maxAge'), dig(given, 'primaryCookieName')]
  return {
    cookieName,
    primaryCookieName: typeof primary === 'string' && primary !== '' ? primary : undefined,
    maxAge: typeof maxAge === 'number' && maxAge > 0 ? maxAge : DAY_SECONDS,
    attributes: attributesOf(given)
  }
}

const ATTRIBUTES: readonly (readonly [key: string, attribute: string])[] = [
  ['domain', 'Domain'],
  ['httpOnly', 'HttpOnly'],
  ['partitioned', 'Partitioned'],
  ['path', 'Path'],
  ['sameSite', 'SameSite'],
  ['secure', 'Secure']
]

function attributesOf(given: unknown): string {
  return ATTRIBUTES.map(([key, attribute]) => {
    const value = dig(given, key)
    if (value === true) return `; ${attribute}`
    return typeof value === 'string' && value !== '' ? `; ${attribute}=${value}` : ''
  }).join('')
}

/** The cookies while the canary has traffic, `run` naming the revision on its way: those there are, new ones where there are none. */
export function cookiesOfRun(affinity: Affinity, { canary, primary, previous }: Cookies, run: string): Cookies {
  const { cookieName, primaryCookieName } = affinity
  const fresh = (name: string): string => `${name}=${lettersOf(`${name}/${run}/${previous ?? ''}`)}`
  // Of the name it has now: a Canary may be changed in the middle of a run.
  const kept = (name: string, cookie: string | undefined): string => (cookie?.startsWith(`${name}=`) === true ? cookie : fresh(name))
  return {
    canary: kept(cookieName, canary),
    ...(primaryCookieName === undefined ? {} : { primary: kept(primaryCookieName, primary) }),
    ...(previous === undefined ? {} : { previous })
  }
}

/** The cookies once the canary has no traffic any more: its own is the previous one now. */
export function cookiesAfterRun({ canary, previous }: Cookies): Cookies {
  const last = canary ?? previous
  return last === undefined ? {} : { previous: last }
}

type Entry = Readonly<Record<string, unknown>>

/** `entry` as it splits requests by weight, with what the cookies of a run add to it and before it. */
export function stickyEntries(entry: Entry, { affinity, cookies, interval }: Stickiness): readonly Entry[] {
  const { canary, primary } = cookies
  if (canary === undefined) return [entry]
  const route = listAt(entry, 'route').filter(isObject)
  const all = (to: number): Entry => ({
    ...entry,
    route: route.map((destination, at) => ({ ...destination, weight: at === to ? 100 : 0 }))
  })
  const [toPrimary, toCanary] = [
    primary === undefined ? undefined : `${primary}; Max-Age=${interval / 1000}`,
    `${canary}; Max-Age=${affinity.maxAge}${affinity.attributes}`
  ]
  const setting = route.map((destination, at) => {
    const cookie = at === CANARY ? toCanary : toPrimary
    return cookie === undefined ? destination : { ...destination, headers: { response: { add: { 'Set-Cookie': cookie } } } }
  })
  return [having(canary, all(CANARY)), ...(primary === undefined ? [] : [having(primary, all(PRIMARY))]), { ...entry, route: setting }]
}

/** `entry`, and before it the one that takes the previous cookie back. */
export function endingEntries(entry: Entry, { previous }: Cookies): readonly Entry[] {
  if (previous === undefined) return [entry]
  const headers = entry['headers']
  const [response, added] = [dig(headers, 'response'), dig(headers, 'response', 'add')]
  const add = { ...(isObject(added) ? added : {}), 'Set-Cookie': `${previous}; Max-Age=-1` }
  const ending = { ...(isObject(headers) ? headers : {}), response: { ...(isObject(response) ? response : {}), add } }
  return [having(previous, { ...entry, headers: ending }), entry]
}

/** What cookies are written by. */
export interface Stickiness {
  readonly affinity: Affinity
  readonly cookies: Cookies
  /** In milliseconds: how long the primary is kept. */
  readonly interval: number
}

// The order of destinations in an entry.
const [PRIMARY, CANARY] = [0, 1]

// The entry for requests that bring this cookie among theirs, whatever else it asks of them.
function having(cookie: string, entry: Entry): Entry {
  const headers = { Cookie: { regex: `(.*; ?)?${cookie.replaceAll(/[^\w=-]/g, (char) => `\\${char}`)}(;.*)?` } }
  const matches = listAt(entry, 'match').filter(isObject)
  const match =
    matches.length === 0 ? [{ headers }] : matches.map((each) => ({ ...each, headers: { ...texts(each['headers']), ...headers } }))
  return { ...entry, match }
}

function texts(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}
