// How a line of the access log is written: Istio's two formats, or the user's own in Envoy's notation (istio.md 6.3, envoy.md 15).

import { parseFormat } from '../route/format.ts'
import type { Format } from '../route/format.ts'
import { isObject, parsedJson } from '../std/json.ts'
import { jsonWriter, textWriter } from './line-writer.ts'
import type { Write } from './line-writer.ts'

/** What lines look like. `format` is a format string, for JSON an object of them as JSON text; undefined: Istio's own. */
export interface LogFormat {
  readonly encoding: 'text' | 'json'
  readonly format: string | undefined
}

/** Lines of one format; `asks`: some value is a header of the answer that the proxy does not write itself. */
export interface LineFormat {
  readonly asks: boolean
  readonly write: Write
}

const TEXT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% ' +
  '%DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" ' +
  '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% ' +
  '%DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%'

const JSON_VALUES: Readonly<Record<string, string>> = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%'
}

/** The format of lines, or what is wrong with it. */
export function lineFormat({ encoding, format }: LogFormat): LineFormat | { readonly problem: string } {
  return encoding === 'text' ? textFormat(format ?? TEXT) : jsonFormat(format)
}

function textFormat(text: string): LineFormat | { readonly problem: string } {
  // A line is ended by who writes it down.
  const format = parseFormat(text.replace(/\n$/, ''))
  if ('problem' in format) return format
  return { asks: asksAnswer(format), write: textWriter(format) }
}

function jsonFormat(text: string | undefined): LineFormat | { readonly problem: string } {
  const wanted: unknown = text === undefined ? JSON_VALUES : parsedJson(text)
  if (!isObject(wanted)) return { problem: 'the format of JSON lines must be a JSON object of format strings' }
  const values: (readonly [key: string, Format])[] = []
  // Envoy writes keys in their order.
  for (const [key, value] of Object.entries(wanted).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const format = typeof value === 'string' ? parseFormat(value) : { problem: 'must be a format string' }
    if ('problem' in format) return { problem: `${key}: ${format.problem}` }
    values.push([key, format])
  }
  return { asks: values.some(([, format]) => asksAnswer(format)), write: jsonWriter(values) }
}

function asksAnswer(format: Format): boolean {
  return format.some((part) => {
    if (typeof part === 'string') return false
    if (part.kind === 'grpc-status') return true
    return part.kind === 'header' && part.of === 'response' && part.names.some((name) => name !== SERVICE_TIME)
  })
}

/** The header of an answer in which the proxy says how long the endpoint took. */
export const SERVICE_TIME = 'x-envoy-upstream-service-time'
