// What this program says to the one that started it (bin/serin, scripts/run.mjs), which ends with the same status.

/**
 * Tells the exit status, before the program ends: a signal that is passed on while Node takes its handlers away would end it with another.
 * Resolves when it is told, or when there is nobody to tell.
 */
export function tellStatus(status: number): Promise<void> {
  if (process.connected !== true) return Promise.resolve()
  return new Promise((resolve) => process.send?.(status, undefined, undefined, () => resolve()))
}
