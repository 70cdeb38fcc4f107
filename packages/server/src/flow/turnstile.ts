import type { Clock } from "@magpie/protocol"

/** Lets a few pass in each turn of the event loop, and the others in later turns; those who wait go in order. */
export interface Turnstile {
  /** Undefined where one may pass at once; else it resolves when it is one's turn. */
  enter(): Promise<void> | undefined
  readonly waiting: number
}

export function createTurnstile(clock: Clock, perTurn: number): Turnstile {
  let line: (() => void)[] = []
  let next = 0
  /** Who went through in this turn. */
  let passed = 0
  let scheduled = false

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    clock.defer(turn)
  }

  function turn(): void {
    scheduled = false
    passed = 0
    while (passed < perTurn && next < line.length) {
      passed++
      line[next++]?.()
    }
    if (passed > 0) schedule()
    if (next < line.length) return
    line = []
    next = 0
  }

  return {
    enter() {
      schedule()
      if (passed >= perTurn || next < line.length) return new Promise((resolve) => line.push(resolve))
      passed++
      return undefined
    },
    get waiting() {
      return line.length - next
    },
  }
}
