// The keys of a JSON pointer (RFC 6901, section 3): how one is written between two slashes, and read again.

/** A key as a part of a pointer. */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** The key that a part of a pointer stands for; a `~` that escapes nothing stays. */
export function keyOfPart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
