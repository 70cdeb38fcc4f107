import { type DeadlineKind, deadlineKey } from "../rows/keys.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { EMPTY } from "./sequences.ts"

/** The index of what has a moment of its own at which a clock entry looks at it. */
export class Deadlines {
  readonly #pending: PendingWrites

  constructor(pending: PendingWrites) {
    this.#pending = pending
  }

  set(at: number, kind: DeadlineKind, name: string, value: Uint8Array = EMPTY): void {
    this.#pending.put(deadlineKey(at, kind, name), value)
  }

  clear(at: number, kind: DeadlineKind, name: string): void {
    this.#pending.remove(deadlineKey(at, kind, name))
  }
}
