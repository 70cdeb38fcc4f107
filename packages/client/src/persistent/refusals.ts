import type { Schedule } from "../schedule.ts"

/**
 * Refusals that are not durable yet. Their senders hear of them later: else a crash could bring a message back, and a later
 * life would send what was called refused.
 */
export interface Refusals {
  /** `keep` makes it durable; where that fails it is tried again, ever later. */
  add(item: object, keep: () => Promise<void>): void
  /** Runs it with true when the item's refusal is durable, at once where the item is not among them; with false at the end. */
  whenKept(item: object, run: (isKept: boolean) => void): void
  close(): void
}

export function createRefusals(schedule: Schedule): Refusals {
  const waiting = new Map<object, ((isKept: boolean) => void)[]>()

  function release(item: object, isKept: boolean): void {
    const runs = waiting.get(item) ?? []
    waiting.delete(item)
    for (const run of runs) run(isKept)
  }

  async function hold(item: object, keep: () => Promise<void>): Promise<void> {
    const wait = schedule.createWait()
    while (waiting.has(item)) {
      try {
        await keep()
        release(item, true)
      } catch {
        await new Promise<void>((resolve) => void wait.again(resolve, undefined))
      }
    }
  }

  return {
    add(item, keep) {
      waiting.set(item, [])
      void hold(item, keep)
    },
    whenKept(item, run) {
      const runs = waiting.get(item)
      if (runs) runs.push(run)
      else run(true)
    },
    close() {
      for (const item of [...waiting.keys()]) release(item, false)
    },
  }
}
