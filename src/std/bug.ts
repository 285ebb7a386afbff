// How code that is wrong stops: a Bug is thrown, never caught to continue. Failures of the world and of users are not Bugs.

/** Thrown when the program itself is wrong. */
export class Bug extends Error {
  override readonly name = 'Bug'
}

/** Throws a Bug saying `claim` unless `holds`. */
export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Bug(claim)
}

/** Closes an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`)
}
