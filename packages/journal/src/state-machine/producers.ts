import type { Outcome } from "../durable-log.ts"
import type { RefusedRecord, SequenceRecord } from "../rows/producer-row.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import type { ChannelState } from "./channels.ts"
import type { MachineState } from "./machine-state.ts"
import { NEWCOMERS_SINCE, Newcomers } from "./newcomers.ts"
import type { PendingWrites } from "./pending-writes.ts"
import type { Recall } from "./recall.ts"
import { type ProducerState, Sequences, type SequenceVerdict } from "./sequences.ts"

/** A number that a producer gave to what it sent to a channel. */
export interface Numbered {
  readonly channel: string
  readonly producer: string
  readonly sequence: number
}

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

  verdict({ channel: name, producer, sequence }: Numbered, channel: ChannelState | undefined): SequenceVerdict {
    const known = this.#known(channel, producer)
    return known === undefined ? this.#newcomers.verdict(name, producer, sequence) : this.#sequences.verdict(known, sequence)
  }

  /** Uses the next number up. While a node runs older rules, that of a newcomer stays free. */
  refuse({ channel: name, producer, sequence }: Numbered, channel: ChannelState | undefined, refusal: RefusedRecord): Outcome {
    const known = this.#known(channel, producer)
    if (known !== undefined) this.#record(known, refusal)
    else if (this.#state.settings.applyVersion < NEWCOMERS_SINCE) return { result: "unused", code: refusal.refused }
    else this.#newcomers.refuse(name, producer, refusal)
    this.#state.mix(sequence)
    return { result: "refused", code: refusal.refused }
  }

  /** Uses the next number up. From now on the producer has a row of its own, in which what was refused to it comes first. */
  use({ channel: name, producer }: Numbered, channel: ChannelState, record: SequenceRecord): void {
    const state = this.#sequences.find(channel.id, producer)
    if (state.last === 0) this.#adopt(name, state)
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

  #adopt(name: string, state: ProducerState): void {
    const newcomer = this.#newcomers.adopt(name, state.producer)
    if (newcomer === undefined) return
    const { last, refusals } = newcomer
    this.#sequences.beginAfter(state, last - refusals.length)
    for (const refusal of refusals) this.#record(state, refusal)
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
