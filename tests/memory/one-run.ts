import { expect } from "vitest"

interface Reply {
  readonly type: string
  readonly position?: unknown
  readonly offset?: unknown
}

/** Holds that each stay in a channel was given one run of messages behind its `subscribed` [G4]. Returns the next offset; undefined for who left. */
export function expectOneRun(replies: readonly Reply[]): number | undefined {
  let next: number | undefined
  for (const { type, position, offset } of replies) {
    if (type === "subscribed") next = (position as { offset: number }).offset + 1
    else if (type === "unsubscribed") next = undefined
    else if (type === "message") {
      expect(offset).toBe(next)
      if (next !== undefined) next++
    }
  }
  return next
}
