// Addresses handed out of one 127.n.0.0/16: pods and Services each have such a block (ARCHITECTURE.md, "Addresses").

// .0.0 and .0.1 are left free, and from .255.0 on the block is for the instance itself (its claim listens there).
const FIRST = 2
const LAST = 255 * 256 - 1

/**
 * The next free address of `prefix` (e.g. `127.96`) after `last`, wrapping around, so that an address that was just given up is not given
 * to another object at once. undefined when all 65 278 are taken. `last` may be absent or of another block.
 */
export function allocateAddress(prefix: string, taken: ReadonlySet<string>, last?: string): string | undefined {
  const start = numberOf(prefix, last) ?? FIRST - 1
  const size = LAST - FIRST + 1
  for (let step = 1; step <= size; step++) {
    const number = FIRST + ((start - FIRST + step + size) % size)
    const address = `${prefix}.${Math.floor(number / 256)}.${number % 256}`
    if (!taken.has(address)) return address
  }
  return undefined
}

/** True when `address` belongs to the part of `prefix` that is handed out. */
export function isAllocatable(prefix: string, address: string): boolean {
  return numberOf(prefix, address) !== undefined
}

function numberOf(prefix: string, address: string | undefined): number | undefined {
  const parts = (address ?? '').split('.')
  if (parts.length !== 4 || `${parts[0]}.${parts[1]}` !== prefix || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined
  const number = Number(parts[2]) * 256 + Number(parts[3])
  return number >= FIRST && number <= LAST && Number(parts[3]) < 256 ? number : undefined
}
