import type { Env, Timer } from "@magpie/protocol"
import { type Bus, MAX_BUS_MESSAGE_BYTES } from "../bus.ts"
import type { BusBroker, BusConnection } from "./broker.ts"
import { Link, type Live } from "./link.ts"

/** What the port allows in a subject. */
const MAX_SUBJECT_BYTES = 300
/** A subject that nobody listens to any more is kept for so long: whoever comes back soon finds it. */
const LINGER_MS = 5_000

export interface BrokerBusOptions {
  readonly env: Env
  readonly broker: BusBroker
}

type Listener = (message: Uint8Array) => void

interface Subject {
  readonly listeners: Set<Listener>
  linger: Timer | undefined
}

/** Makes a bus of a broker's pub/sub: one subscription at the broker for each subject, whoever listens, also behind a reconnect. */
export function brokerBus(options: BrokerBusOptions): Bus {
  return new BrokerBus(options)
}

class BrokerBus implements Bus {
  readonly #env: Env
  readonly #link: Link<BusConnection>
  readonly #subjects = new Map<string, Subject>()
  #closing: Promise<void> | undefined

  constructor({ env, broker }: BrokerBusOptions) {
    this.#env = env
    this.#link = new Link({
      env,
      name: broker.name,
      connect: (onLost) => broker.connect((subject, message) => this.#hear(subject, message), onLost),
      onUp: (live) => this.#resubscribe(live),
    })
  }

  publish(subject: string, message: Uint8Array): void {
    if (message.length > MAX_BUS_MESSAGE_BYTES) throw new RangeError(`a message of ${message.length} bytes on the bus`)
    checkSubject(subject)
    if (this.#closing === undefined) this.#do((connection) => connection.publish(subject, message))
  }

  subscribe(subject: string, listener: Listener): () => void {
    checkSubject(subject)
    if (this.#closing !== undefined) return () => {}
    const known = this.#subjects.get(subject)
    const entry = known ?? { listeners: new Set(), linger: undefined }
    entry.linger?.cancel()
    entry.linger = undefined
    // The same function may listen twice, and each stops for itself.
    const own: Listener = (message) => listener(message)
    entry.listeners.add(own)
    this.#subjects.set(subject, entry)
    if (known === undefined) this.#do((connection) => connection.subscribe(subject))
    return () => {
      if (entry.listeners.delete(own) && entry.listeners.size === 0) this.#linger(subject, entry)
    }
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing
    for (const { linger } of this.#subjects.values()) linger?.cancel()
    this.#subjects.clear()
    this.#closing = this.#link.close()
    return this.#closing
  }

  #linger(subject: string, entry: Subject): void {
    if (this.#closing !== undefined) return
    entry.linger = this.#env.clock.setTimer(LINGER_MS, () => {
      this.#subjects.delete(subject)
      this.#do((connection) => connection.unsubscribe(subject))
    })
  }

  #hear(subject: string, message: Uint8Array): void {
    // A `Buffer`'s own `slice` would share what is beneath it.
    for (const listener of [...(this.#subjects.get(subject)?.listeners ?? [])]) listener(new Uint8Array(message))
  }

  #resubscribe({ connection }: Live<BusConnection>): void {
    for (const subject of this.#subjects.keys()) connection.subscribe(subject)
  }

  /** Without a connection nothing is done: what is published is lost, and subscriptions follow on the next one. */
  #do(task: (connection: BusConnection) => void): void {
    const { live } = this.#link
    if (live !== undefined) task(live.connection)
  }
}

function checkSubject(subject: string): void {
  if (new TextEncoder().encode(subject).length > MAX_SUBJECT_BYTES) throw new RangeError("a subject too long for the bus")
}
