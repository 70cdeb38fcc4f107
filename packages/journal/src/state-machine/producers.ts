import type { RefusedRecord, SequenceRecord } from "../rows/producer-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { ChannelState } from "./channels.ts"
import type { MachineState } from "./machine-state.ts"
import { NEWCOMERS_SINCE, Newcomers } from "./newcomers.ts"
import type { PendingWrites } from "./pending-writes.ts"
import type { Recall } from "./recall.ts"
import { type ProducerState, Sequences, type SequenceVerdict } from "./sequences.ts"

/** What the numbers of a channel's producers stand for: of those that something is stored of, and of newcomers [G2]. */
export class Producers {
  readonly #state: MachineState
  readonly #sequences: Sequences
  readonly #newcomers: Newcomers

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#state = state
    this.#sequences = new Sequences(pending, writer)
    this.#newcomers = new Newcomers(pending, writer)
  }

  verdict(name: string, channel: ChannelState | undefined, producer: string, sequence: number): SequenceVerdict {
    const known = this.#known(channel, producer)
    return known === undefined ? this.#newcomers.verdict(name, producer, sequence) : this.#sequences.verdict(known, sequence)
  }

  /** Whether a refusal of the producer is remembered at all. */
  remembers(channel: ChannelState | undefined, producer: string): boolean {
    return this.#state.settings.applyVersion >= NEWCOMERS_SINCE || this.#known(channel, producer) !== undefined
  }

  /** Uses the next number up. False where a newcomer was refused too often. */
  refuse(name: string, channel: ChannelState | undefined, producer: string, refusal: RefusedRecord): boolean {
    const known = this.#known(channel, producer)
    if (known === undefined) return this.#newcomers.refuse(name, producer, refusal)
    this.#record(known, refusal)
    return true
  }

  /** Uses the next number up. From now on the producer has a row of its own, in which what was refused to it comes first. */
  use(name: string, channel: ChannelState, producer: string, record: SequenceRecord): void {
    const state = this.#sequences.find(channel.id, producer)
    if (state.last === 0) for (const refusal of this.#newcomers.adopt(name, producer)) this.#record(state, refusal)
    this.#record(state, record)
  }

  /** Forgets what is not younger than the window, at most `budget` rows. Returns how many rows that took. */
  forget(memory: { channelId: number; name: string; since: number }, recall: Recall, budget: number): number {
    return this.#sequences.forget(memory, recall, budget)
  }

  flush(): void {
    this.#sequences.flush()
  }

  committed(): void {
    this.#sequences.committed()
  }

  discard(): void {
    this.#sequences.discard()
    this.#newcomers.discard()
  }

  #record(producer: ProducerState, record: SequenceRecord): void {
    const { now, settings } = this.#state
    this.#sequences.record(producer, now, settings.deduplicationMs, record)
  }

  /** Undefined for one of which nothing is stored on the channel but what was refused to it. */
  #known(channel: ChannelState | undefined, producer: string): ProducerState | undefined {
    const state = channel === undefined ? undefined : this.#sequences.find(channel.id, producer)
    return state?.last === 0 ? undefined : state
  }
}
