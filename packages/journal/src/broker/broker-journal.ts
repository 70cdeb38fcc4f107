import { type AckLevel, type Env, isMagpieError, MagpieError } from "@magpie/protocol"
import type { Journal, JournalCapabilities, JournalReader, Tail } from "../journal.ts"
import type { JournalBroker, JournalConnection } from "./broker.ts"
import { BrokerTail } from "./broker-tail.ts"
import { Link } from "./link.ts"

/** Less than the log waits for an entry, so that a slow broker is told apart from a silent one. */
const APPEND_MS = 9_000
const TRIM_MS = 10_000
const RETRY_AFTER_MS = 500

export interface BrokerJournalOptions {
  readonly env: Env
  readonly broker: JournalBroker
  /** How long an append waits for the broker, its absence included. Default 9,000. */
  readonly appendMs?: number | undefined
}

/**
 * Makes a journal of what an adapter knows of its broker: connects again with backoff, asks readers on each connect and
 * wherever the log is not the one that it was, bounds what is waited for, and leaves nothing behind when it closes.
 */
export function brokerJournal(options: BrokerJournalOptions): Journal {
  return new BrokerJournal(options)
}

class BrokerJournal implements Journal {
  readonly capabilities: JournalCapabilities
  readonly #options: BrokerJournalOptions
  readonly #link: Link<JournalConnection>
  readonly #tails = new Set<BrokerTail>()
  readonly #appends = new Set<(error?: MagpieError) => void>()
  #level: AckLevel = "memory"
  #refused: MagpieError | undefined
  #closing: Promise<void> | undefined

  constructor(options: BrokerJournalOptions) {
    this.#options = options
    const { env, broker } = options
    const level = (): AckLevel => this.#level
    this.capabilities = {
      get level() {
        return level()
      },
      partitions: broker.partitions,
      retained: true,
      trims: broker.trims,
    }
    this.#link = new Link({
      env,
      name: broker.name,
      connect: (onLost) => broker.connect(onLost),
      onUp: ({ connection }) => {
        this.#level = connection.level
      },
      onRefused: (cause) => {
        this.#refused = cause
        for (const end of [...this.#appends]) end(cause)
        for (const tail of this.#tails) tail.refuse(cause)
      },
    })
  }

  append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closed())
    const refusal = this.#refused ?? this.#refusal(partition)
    if (refusal !== undefined) return Promise.reject(refusal)
    if (records.length === 0) return Promise.resolve()
    const { env, appendMs = APPEND_MS } = this.#options
    return new Promise((resolve, reject) => {
      let unwait = (): void => {}
      const end = (error?: MagpieError): void => {
        if (!this.#appends.delete(end)) return
        timer.cancel()
        unwait()
        if (error === undefined) resolve()
        else reject(error)
      }
      const timer = env.clock.setTimer(appendMs, () => end(unavailable("the broker did not acknowledge in time")))
      this.#appends.add(end)
      unwait = this.#link.whenUp((live) => {
        live
          .run(() => live.connection.append(partition, records))
          .then(
            () => end(),
            (cause: unknown) => end(translated(cause, "the broker did not take it")),
          )
      })
    })
  }

  tail(partition: number, reader: JournalReader<Uint8Array>): Tail {
    const refusal = this.#closing === undefined ? this.#refusal(partition) : closed()
    if (refusal !== undefined) throw refusal
    const tail = new BrokerTail({ clock: this.#options.env.clock, link: this.#link, partition, reader })
    this.#tails.add(tail)
    void tail.run().finally(() => this.#tails.delete(tail))
    if (this.#refused !== undefined) tail.refuse(this.#refused)
    return { stop: () => tail.stop() }
  }

  async trim(partition: number, before: number): Promise<void> {
    if (this.#closing !== undefined) throw closed()
    const refusal = this.#refusal(partition)
    if (refusal !== undefined) throw refusal
    if (!this.capabilities.trims) return
    const { live } = this.#link
    if (live === undefined) throw unavailable("the broker is out of reach")
    try {
      await live.run(() => live.connection.trim(partition, before), TRIM_MS)
    } catch (cause) {
      throw translated(cause, "the broker did not let go of the records")
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const end of [...this.#appends]) end(closed())
    await Promise.all([...this.#tails].map((tail) => tail.stop()))
    await this.#link.close()
  }

  #refusal(partition: number): MagpieError | undefined {
    const { partitions } = this.capabilities
    if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return undefined
    return new MagpieError("INVALID_OPTIONS", `there is no partition ${partition}, only ${partitions}`)
  }
}

function closed(): MagpieError {
  return new MagpieError("CLOSED", "the journal is closed")
}

function unavailable(why: string, cause?: unknown): MagpieError {
  return new MagpieError("UNAVAILABLE", why, { retryAfterMs: RETRY_AFTER_MS, cause })
}

function translated(cause: unknown, why: string): MagpieError {
  if (!isMagpieError(cause)) return unavailable(why, cause)
  return cause.code === "UNAVAILABLE" ? unavailable(cause.reason, cause.cause) : cause
}
