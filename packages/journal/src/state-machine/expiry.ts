import { ageRange, memoryRange, readMemoryKey } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import { decodeText, retentionOf } from "../rows/system-rows.ts"
import type { Channels } from "./channels.ts"
import { patternsInUse } from "./due-times.ts"
import type { HistoryTrimmer } from "./history-trimmer.ts"
import type { IdempotencyKeys } from "./idempotency.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"
import type { Producers } from "./producers.ts"

interface Parts {
  readonly channels: Channels
  readonly producers: Producers
  readonly keys: IdempotencyKeys
  readonly trimmer: HistoryTrimmer
}

/** What time takes away: old messages, and what numbers and keys of senders stood for. */
export class Expiry {
  readonly #pending: PendingWrites
  readonly #state: MachineState
  readonly #parts: Parts

  constructor(pending: PendingWrites, state: MachineState, parts: Parts) {
    this.#pending = pending
    this.#state = state
    this.#parts = parts
  }

  /** Cost grows with what expires, not with the number of channels. Touches at most `budget` rows; what remains is still due. */
  expire(budget: number): void {
    this.#forget(this.#expireMessages(budget))
  }

  /** Returns what is left of the budget. */
  #expireMessages(budget: number): number {
    let rest = budget
    for (const pattern of patternsInUse(this.#pending)) {
      const cutoff = this.#state.now - retentionOf(this.#state.settings, pattern).maxAgeMs
      if (!(cutoff >= 0)) continue
      for (const row of this.#pending.first(ageRange(pattern, cutoff), rest)) {
        if (rest <= 0) return 0
        const channel = isIntact(row.value) ? this.#parts.channels.find(decodeText(row.value)) : undefined
        const took = this.#parts.trimmer.expire(row.key, channel, cutoff, rest)
        rest -= took
        this.#state.mix(took)
      }
    }
    return rest
  }

  #forget(budget: number): void {
    const windowMs = this.#state.settings.deduplicationMs
    const cutoff = this.#state.now - windowMs
    if (cutoff < 0) return
    let rest = budget
    for (const row of this.#pending.first(memoryRange(cutoff), budget)) {
      if (rest <= 0) return
      const memory = readMemoryKey(row.key)
      const took = memory.kind === "k" ? this.#parts.keys.forget(memory) : this.#parts.producers.forget(memory, { cutoff, windowMs }, rest)
      rest -= took
      this.#state.mix(took)
    }
  }
}
