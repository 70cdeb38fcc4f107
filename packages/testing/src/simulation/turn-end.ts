/**
 * Resolves when every promise that can settle has settled. Captured once, so that code under simulation can be denied the
 * global of that name.
 */
const afterPromises = setImmediate

/** Node settles all promises between two of these, but looks at the whole machine's events only after the last. */
const AT_ONCE = 64

const waiting: (() => void)[] = []
let coming = 0

export function turnEnd(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (coming > 0) return
    coming = AT_ONCE
    for (let index = 0; index < AT_ONCE; index++) afterPromises(endTurn)
  })
}

function endTurn(): void {
  coming--
  waiting.shift()?.()
}
