// Bytes and text as base64, for Secrets and protobuf bodies.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 of bytes, padded (RFC 4648, section 4). */
export function base64Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const left = bytes.length - at
    text += `${ALPHABET[a >> 2]}${ALPHABET[((a & 3) << 4) | (b >> 4)]}`
    text += `${left > 1 ? ALPHABET[((b & 15) << 2) | (c >> 6)] : '='}${left > 2 ? ALPHABET[c & 63] : '='}`
  }
  return text
}
