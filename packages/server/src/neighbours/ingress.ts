import { type Control, type GivenRecord, Link, type Live, type Neighbour, type NeighbourLane, type NeighbourReading } from "@magpie/journal"
import { type Env, MagpieError, type Timer, toMagpieError } from "@magpie/protocol"
import type { Counters } from "../metrics/counters.ts"
import { deadLetterOf, type IngressRecord, ingressRecord } from "./ingress-record.ts"
import type { NeighbourLink, NeighbourState } from "./neighbour-link.ts"
import { Outlet } from "./outlet.ts"
import { Ownership } from "./ownership.ts"

export interface IngressCounts {
  /** Stored, or sent on. */
  readonly published: number
  /** Stored before. */
  readonly repeated: number
  /** For which `publish` returned nothing. */
  readonly leftOut: number
  readonly deadLetters: number
  /** What the neighbour let go of before it was published. */
  readonly missing: number
}

export type Ingress = NeighbourLink<IngressCounts>

export interface IngressContext {
  readonly env: Env
  readonly control: Control
  readonly shared: boolean
  readonly counters: Counters
  readonly name: string
  readonly from: Neighbour
  readonly deadLetters: Neighbour | undefined
  /** Says what became of the record. Fails as the publishes of a channel do. */
  readonly publish: (record: IngressRecord) => Promise<"published" | "repeated" | "leftOut">
}

/** The wait before a publish is tried again doubles from the first to the second. */
const BACKOFF = { initialMs: 100, maxMs: 5_000 }
/** A neighbour that does not take our word for so long is connected to anew. */
const SETTLE_MS = 30_000

/**
 * Publishes what a neighbour gives: records of one key one after another, those of others beside them. A page of records is
 * settled when each is stored or among the dead letters, so a crash brings some again, and their ids make that harmless.
 */
export class IngressRun implements Ingress {
  readonly name: string
  readonly #context: IngressContext
  readonly #counts = { published: 0, repeated: 0, leftOut: 0, deadLetters: 0, missing: 0 }
  readonly #ownership: Ownership
  readonly #outlet: Outlet | undefined
  readonly #pauses = new Map<Timer, () => void>()
  readonly #stuck = new Set<GivenRecord>()
  #link: Link<NeighbourReading> | undefined
  #isClosed = false

  constructor(context: IngressContext) {
    this.name = context.name
    this.#context = context
    const { env, control, shared, name, deadLetters } = context
    this.#outlet = deadLetters && new Outlet(env, deadLetters)
    this.#ownership = new Ownership({
      ...{ control, clock: env.clock, shared, name: `ingress/${name}` },
      onGained: () => this.#begin(),
      onLost: () => this.#end(),
    })
  }

  get state(): NeighbourState {
    if (this.#isClosed) return "closed"
    if (this.#link?.live === undefined) return "waiting"
    return this.#stuck.size > 0 ? "stuck" : "running"
  }

  get counts(): IngressCounts {
    return { ...this.#counts }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ownership.stop()
    await this.#outlet?.close()
  }

  #begin(): void {
    const { env, from } = this.#context
    this.#link = new Link({
      env,
      name: from.name,
      connect: (onLost) => from.read(onLost),
      onUp: (live) => {
        for (const lane of live.connection.lanes) {
          this.#tellMissing(lane.missing)
          void this.#follow(live, lane)
        }
      },
    })
  }

  #end(): void {
    const link = this.#link
    this.#link = undefined
    this.#wakeAll()
    void link?.close()
  }

  async #follow(live: Live<NeighbourReading>, lane: NeighbourLane): Promise<void> {
    const stopWaking = live.onLost(() => this.#wakeAll())
    try {
      while (!live.isLost) {
        const records = await live.run(() => lane.next())
        if (records.length === 0) continue
        await Promise.all([...byKey(records)].map((those) => this.#inOrder(those, live)))
        if (!live.isLost) await live.run(() => lane.settle(), SETTLE_MS)
      }
    } catch (failure) {
      if (isOver(failure)) await this.close()
      else this.#link?.lost(live, failure)
    } finally {
      stopWaking()
    }
  }

  async #inOrder(records: readonly GivenRecord[], live: Live<NeighbourReading>): Promise<void> {
    for (const record of records) {
      if (live.isLost) return
      try {
        await this.#take(record, live)
      } finally {
        this.#stuck.delete(record)
      }
    }
  }

  /** Returns when the record is done with, or the connection that it came by is. */
  async #take(record: GivenRecord, live: Live<NeighbourReading>): Promise<void> {
    for (let failures = 0; !live.isLost; failures++) {
      try {
        return this.#count(await this.#context.publish(ingressRecord(record)))
      } catch (failure) {
        if (isOver(failure)) throw failure
        const error = toMagpieError(failure)
        if (!error.retryable && (await this.#bury(record, error))) return
        const waitMs = Math.min(BACKOFF.maxMs, BACKOFF.initialMs * 2 ** failures)
        await this.#pause(Math.max(waitMs, error.retryAfterMs ?? 0))
      }
    }
  }

  /** False where there is nowhere to put it: then it stands where it is, and everything of its lane behind it. */
  async #bury(record: GivenRecord, { code, reason }: MagpieError): Promise<boolean> {
    const { env } = this.#context
    const told = { ingress: this.name, code, reason, ...(record.id === undefined ? undefined : { record: record.id }) }
    try {
      if (this.#outlet !== undefined) {
        // Where it was closed meanwhile the record is not settled either.
        if (await this.#outlet.send([deadLetterOf(record, this.name, code, reason)])) this.#count("deadLetters")
        env.log("error", "ingress.dead-letter", told)
        return true
      }
    } catch (failure) {
      env.log("error", "ingress.dead-letter-refused", { ...told, refused: toMagpieError(failure).code })
    }
    if (!this.#stuck.has(record)) env.log("error", "ingress.stuck", told)
    this.#stuck.add(record)
    await this.#pause(BACKOFF.maxMs)
    return false
  }

  #tellMissing(missing: number): void {
    if (missing === 0) return
    this.#context.env.log("error", "ingress.missing", { ingress: this.name, records: missing })
    this.#count("missing", missing)
  }

  #count(what: keyof IngressCounts, count = 1): void {
    this.#counts[what] += count
    this.#context.counters.add("ingress", what, count)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.env.clock.setTimer(ms, () => {
        this.#pauses.delete(timer)
        resolve()
      })
      this.#pauses.set(timer, resolve)
    })
  }

  #wakeAll(): void {
    for (const [timer, wake] of this.#pauses) {
      timer.cancel()
      wake()
    }
    this.#pauses.clear()
  }
}

/** Records without a key are of one order too: that of their lane. */
function byKey(records: readonly GivenRecord[]): Iterable<readonly GivenRecord[]> {
  const those = new Map<string | undefined, GivenRecord[]>()
  for (const record of records) {
    const known = those.get(record.key)
    if (known === undefined) those.set(record.key, [record])
    else known.push(record)
  }
  return those.values()
}

/** Nothing can be stored here any more. */
function isOver(failure: unknown): boolean {
  return failure instanceof MagpieError && (failure.code === "CLOSED" || failure.code === "STORAGE_FENCED")
}
