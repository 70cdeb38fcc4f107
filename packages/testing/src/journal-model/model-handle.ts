import type { Journal, JournalBatch, JournalCapabilities, JournalReader, Tail } from "@magpie/journal"
import { type Clock, MagpieError } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"
import { befalls, type ModelLink, Waits } from "./model-link.ts"
import type { ModelPartition } from "./model-partition.ts"

const RECORDS_PER_BATCH = 100
const RECONNECT = { minMs: 20, maxMs: 200 }

export interface ModelHandleContext {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly capabilities: JournalCapabilities
  readonly partitions: readonly ModelPartition[]
  readonly incarnation: () => string
  readonly link: ModelLink
  readonly appendTimeoutMs: number
  /** Runs what the broker brings to the node: at once, or when its process goes on. */
  readonly run: (task: () => void) => void
  /** Of the broker: what waits here happens also when the node is gone. */
  readonly brokerWaits: Waits
}

interface ModelTail {
  readonly partition: ModelPartition
  next: number
  wake: () => void
  stopped: boolean
  delivering: Promise<void>
}

/** A node's opening of the shared log. */
export class ModelHandle implements Journal {
  readonly capabilities: JournalCapabilities
  readonly #context: ModelHandleContext
  readonly #waits: Waits
  readonly #tails = new Set<ModelTail>()
  readonly #appends = new Set<(error: MagpieError) => void>()
  #state: "open" | "closed" | "crashed" = "open"

  constructor(context: ModelHandleContext) {
    this.capabilities = context.capabilities
    this.#context = context
    this.#waits = new Waits(context.clock, context.random)
  }

  append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    if (this.#state !== "open") return Promise.reject(new MagpieError("CLOSED", "the journal is closed"))
    return new Promise((resolve, reject) => {
      const fail = (error: MagpieError): void => {
        timeout.cancel()
        if (this.#appends.delete(fail)) this.#context.run(() => reject(error))
      }
      const timeout = this.#context.clock.setTimer(this.#context.appendTimeoutMs, () => fail(unknownOutcome("in time")))
      this.#appends.add(fail)
      void this.#deliverAppend(partition, records, fail).then((acked) => {
        if (!acked || !this.#appends.has(fail)) return
        timeout.cancel()
        this.#appends.delete(fail)
        this.#context.run(resolve)
      })
    })
  }

  /** What happens at the broker, whether or not somebody still waits. Returns whether the answer came back. */
  async #deliverAppend(partition: number, records: readonly Uint8Array[], fail: (error: MagpieError) => void): Promise<boolean> {
    const to = this.#partition(partition)
    const { link, brokerWaits } = this.#context
    const { connection } = link
    if (befalls(link.late, partition)) {
      const { delayMs } = link.late
      // Its node hears nothing and gives up.
      void brokerWaits.pass(delayMs).then(() => to.land(records))
      return false
    }
    if (link.cut) return stopped(link.cut)
    await brokerWaits.travel(link.latency)
    if (link.cut) return stopped(link.cut)
    if (link.connection !== connection) return false
    if (link.refusal) {
      link.refusal()
      fail(new MagpieError("UNAVAILABLE", "the broker refuses the append", { retryAfterMs: 100 }))
      return false
    }
    to.land(records)
    if (befalls(link.doubled, partition)) to.land(records)
    await brokerWaits.travel(link.latency)
    if (befalls(link.lostAcks, partition)) {
      fail(unknownOutcome("before the link broke"))
      return false
    }
    if (!link.cut && link.connection === connection) return true
    fail(unknownOutcome("before the link broke"))
    return false
  }

  tail(partition: number, reader: JournalReader<Uint8Array>): Tail {
    const from = this.#partition(partition)
    const tail: ModelTail = { partition: from, next: 1, wake: () => {}, stopped: false, delivering: Promise.resolve() }
    this.#tails.add(tail)
    void this.#run(tail, partition, reader)
    return {
      stop: async () => {
        this.#stop(tail)
        await tail.delivering
      },
    }
  }

  async #run(tail: ModelTail, partition: number, reader: JournalReader<Uint8Array>): Promise<void> {
    const { link } = this.#context
    let connected = 0
    while (!tail.stopped) {
      if (link.cut) {
        link.cut()
        await this.#sleep(tail)
        continue
      }
      if (connected !== link.connection) {
        await this.#waits.travel(connected === 0 ? link.latency : RECONNECT)
        if (tail.stopped || link.cut) continue
        connected = link.connection
        const { oldest, newest } = tail.partition
        const place = { incarnation: this.#context.incarnation(), oldest, newest }
        await this.#guard(tail, async () => {
          tail.next = await reader.connected(place)
        })
        continue
      }
      if (tail.partition.isTrimmed(tail.next)) {
        connected = 0
        continue
      }
      const run = tail.partition.read(tail.next, RECORDS_PER_BATCH)
      const [head] = run
      if (head === undefined) {
        await this.#sleep(tail)
        continue
      }
      tail.next = head.position + run.length
      await this.#waits.travel(link.latency, link.tailDelayMs())
      if (tail.stopped) return
      const records = run.map(({ record }) => record)
      const batch: JournalBatch<Uint8Array> = { partition, first: head.position, records, newest: tail.partition.newest }
      await this.#guard(tail, () => reader.deliver(batch))
    }
  }

  /** A reader that rejects has ended its tail. */
  async #guard(tail: ModelTail, task: () => Promise<void>): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#context.run(() => {
        if (tail.stopped) resolve()
        else task().then(resolve, () => resolve(this.#stop(tail)))
      })
    })
    tail.delivering = done
    await done
  }

  async #sleep(tail: ModelTail): Promise<void> {
    const { woken, wake } = tail.partition.watch()
    tail.wake = wake
    await woken
  }

  #stop(tail: ModelTail): void {
    tail.stopped = true
    this.#tails.delete(tail)
    tail.wake()
  }

  async trim(partition: number, before: number): Promise<void> {
    await this.#waits.travel(this.#context.link.latency)
    if (!this.capabilities.trims) return
    if (this.#context.link.cut) throw new MagpieError("UNAVAILABLE", "the broker is out of reach")
    this.#partition(partition).trim(before)
  }

  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed"
    for (const fail of [...this.#appends]) fail(new MagpieError("CLOSED", "the journal was closed"))
    await this.#end()
  }

  /** The node is gone: nothing of it goes on, nothing is answered. */
  crash(): void {
    this.#state = "crashed"
    this.#appends.clear()
    void this.#end()
  }

  /** Its tails repeat what they delivered. Returns how many records that are. */
  goBack(records: number): number {
    let repeated = 0
    for (const tail of this.#tails) {
      const next = Math.max(tail.partition.oldest, tail.next - records)
      repeated += tail.next - next
      tail.next = next
      tail.wake()
    }
    return repeated
  }

  wake(): void {
    for (const tail of this.#tails) tail.wake()
  }

  async #end(): Promise<void> {
    const under = [...this.#tails]
    for (const tail of under) this.#stop(tail)
    this.#waits.end()
    if (this.#state === "closed") await Promise.all(under.map((tail) => tail.delivering))
  }

  #partition(partition: number): ModelPartition {
    const found = this.#context.partitions[partition]
    if (found === undefined) throw new MagpieError("INVALID_OPTIONS", `there is no partition ${partition}`)
    return found
  }
}

function stopped(cut: () => void): false {
  cut()
  return false
}

function unknownOutcome(when: string): MagpieError {
  return new MagpieError("UNAVAILABLE", `no answer came from the broker ${when}; whether it landed is unknown`, { retryAfterMs: 100 })
}
