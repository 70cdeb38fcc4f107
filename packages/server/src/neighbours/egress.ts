import type { Control, Neighbour } from "@magpie/journal"
import { type Env, isMagpieError, type Position, type Timer, toMagpieError } from "@magpie/protocol"
import type { Counters } from "../metrics/counters.ts"
import { type AnyStreamEvent, eventOf } from "../reading/server-stream-reading.ts"
import type { FeedEntry, StreamFeed, StreamFeeds } from "../reading/stream-feed.ts"
import { type EgressContent, egressRecord } from "./egress-record.ts"
import type { NeighbourLink, NeighbourState } from "./neighbour-link.ts"
import { Outlet } from "./outlet.ts"
import { Ownership } from "./ownership.ts"

export interface EgressCounts {
  /** Acknowledged by the neighbour. */
  readonly sent: number
  /** For which `record` returned nothing. */
  readonly leftOut: number
  /** Told to be missing. */
  readonly gaps: number
}

export interface Egress extends NeighbourLink<EgressCounts> {
  /** Everything up to here was acknowledged, as far as this node knows. */
  readonly position: Position | undefined
}

/** Where an egress is, kept in a table of the contract. */
export interface PlacesTable {
  get(key: string): { readonly value: unknown; readonly version: number } | undefined
  set(key: string, value: unknown, options: { readonly expected: number }): Promise<{ readonly position: Position }>
}

export interface EgressContext {
  readonly env: Env
  readonly control: Control
  readonly shared: boolean
  readonly counters: Counters
  readonly feeds: StreamFeeds
  readonly name: string
  readonly channel: string
  readonly to: Neighbour
  readonly places: () => PlacesTable
  readonly start: "start" | "now"
  /** Undefined leaves an event out. */
  readonly record: ((event: AnyStreamEvent) => EgressContent | undefined) | undefined
  /** How long closing waits for the last place to be kept. */
  readonly closeMs: number
}

/** How much may be sent again after a crash, beside what was on its way. */
const KEEP_MS = 1_000
const AGAIN_MS = 1_000

/** Carries a stream to a neighbour, in its order, from where it was. */
export class EgressRun implements Egress {
  readonly name: string
  readonly #context: EgressContext
  readonly #counts = { sent: 0, leftOut: 0, gaps: 0 }
  readonly #outlet: Outlet
  readonly #ownership: Ownership
  #feed: StreamFeed | undefined
  #state: "waiting" | "running" | "stuck" | "closed" = "waiting"
  #position: Position | undefined
  /** Of the row that holds the place. */
  #version = 0
  #mustLook = true
  #keeping: Timer | undefined
  #kept: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  /** Tells one time of ownership from the next. */
  #turn = 0
  #wake: () => void = () => {}

  constructor(context: EgressContext) {
    this.name = context.name
    this.#context = context
    const { env, control, shared, name, to } = context
    this.#outlet = new Outlet(env, to)
    this.#ownership = new Ownership({
      ...{ control, clock: env.clock, shared, name: `egress/${name}` },
      onGained: () => {
        this.#mustLook = true
        void this.#run(++this.#turn)
      },
      onLost: () => this.#end(),
    })
  }

  get state(): NeighbourState {
    return this.#state === "running" && !this.#outlet.isUp ? "waiting" : this.#state
  }

  get counts(): EgressCounts {
    return { ...this.#counts }
  }

  get position(): Position | undefined {
    return this.#position
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const isOwner = this.#feed !== undefined
    this.#state = "closed"
    this.#turn++
    this.#feed?.stop()
    const { clock } = this.#context.env
    if (isOwner && this.#keeping !== undefined) {
      this.#keeping.cancel()
      this.#keeping = undefined
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(this.#context.closeMs, resolve)
        void this.#keep().finally(() => {
          timer.cancel()
          resolve()
        })
      })
    }
    this.#ownership.stop()
    await this.#outlet.close()
  }

  #end(): void {
    this.#turn++
    this.#feed?.stop()
    this.#feed = undefined
    this.#keeping?.cancel()
    this.#keeping = undefined
    this.#wake()
    if (this.#state !== "closed") this.#state = "waiting"
  }

  async #run(turn: number): Promise<void> {
    const { env, name } = this.#context
    while (turn === this.#turn) {
      try {
        await this.#carry(turn)
      } catch (failure) {
        const { code, reason } = toMagpieError(failure)
        if (code === "CLOSED" || code === "STORAGE_FENCED") return
        if (turn !== this.#turn) return
        // The log is being opened, which is no failure.
        if (code !== "UNAVAILABLE") {
          env.log("error", "egress.stuck", { egress: name, code, reason })
          this.#state = "stuck"
        }
        await this.#pause()
      }
    }
  }

  async #carry(turn: number): Promise<void> {
    const { feeds, channel, start } = this.#context
    this.#feed?.stop()
    if (this.#mustLook) this.#position = this.#place()
    this.#mustLook = false
    const feed = feeds.open(channel, this.#position ?? start)
    this.#feed = feed
    this.#position = feed.position
    this.#state = "running"
    // Where it starts now it goes on from there, also after a crash before the first message.
    if (this.#version === 0 && this.#position !== undefined) this.#keepSoon()
    for (let entries = await feed.next(); entries.length > 0; entries = await feed.next()) {
      if (!(await this.#send(turn, entries))) return
    }
  }

  /** False where it is not this node's any more. */
  async #send(turn: number, entries: readonly FeedEntry[]): Promise<boolean> {
    const events = entries.map(eventOf)
    const records = events.flatMap((event) => this.#recordOf(event) ?? [])
    try {
      if (records.length > 0 && !(await this.#outlet.send(records))) return false
    } catch (failure) {
      if (entries.length === 1 || turn !== this.#turn) throw failure
      // So that those before the one that is refused are not sent again and again.
      for (const entry of entries) if (!(await this.#send(turn, [entry]))) return false
      return true
    }
    if (turn !== this.#turn) return false
    this.#state = "running"
    this.#position = entries.at(-1)?.position
    this.#count("sent", records.length)
    this.#count("leftOut", events.length - records.length)
    this.#count("gaps", events.filter(({ type }) => type === "gap").length)
    this.#keepSoon()
    return true
  }

  #recordOf(event: AnyStreamEvent) {
    const { record, channel } = this.#context
    if (record === undefined) return egressRecord(channel, event, undefined)
    const content = record(event)
    return content && egressRecord(channel, event, content)
  }

  #place(): Position | undefined {
    const row = this.#context.places().get(this.name)
    this.#version = row?.version ?? 0
    return row?.value as Position | undefined
  }

  #keepSoon(): void {
    this.#keeping ??= this.#context.env.clock.setTimer(KEEP_MS, () => {
      this.#keeping = undefined
      void this.#keep()
    })
  }

  /** One at a time, since each must find the row as the one before left it. */
  #keep(): Promise<void> {
    this.#kept = this.#kept.then(() => this.#write())
    return this.#kept
  }

  async #write(): Promise<void> {
    const { places, env, name } = this.#context
    const turn = this.#turn
    if (this.#position === undefined) return
    try {
      const { position } = await places().set(name, this.#position, { expected: this.#version })
      this.#version = position.offset
    } catch (failure) {
      const { code, reason } = toMagpieError(failure)
      if (code === "CLOSED" || code === "STORAGE_FENCED" || turn !== this.#turn) return
      if (code === "CONFLICT") {
        // Somebody else has written it: what stands there is where it goes on.
        env.log("error", "egress.place-changed", { egress: name })
        this.#mustLook = true
        this.#feed?.stop()
        return
      }
      if (!isMagpieError(failure) || !failure.retryable) env.log("error", "egress.place-not-kept", { egress: name, code, reason })
      this.#keepSoon()
    }
  }

  #count(what: keyof EgressCounts, count: number): void {
    if (count === 0) return
    this.#counts[what] += count
    this.#context.counters.add("egress", what, count)
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.env.clock.setTimer(AGAIN_MS, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
