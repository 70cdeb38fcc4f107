import type { Decoded } from "@magpie/protocol"
import type { Traffic } from "../metrics/traffic.ts"

/** What decides about a connection's messages. */
export interface InboundOwner {
  /** May return a promise; the next value waits for it. */
  handleInbound(message: Decoded): void | Promise<void>
  /** Whether the next value may be handled now. */
  mayHandle(): boolean
  /** What was awaited has settled, and the queue has moved on. */
  inboundMoved(): void
  /** A decision failed where it should have answered. */
  inboundFailed(failure: unknown): void
}

/**
 * One connection's messages, handled one after the other: while the decision about one is awaited, the next ones wait, so
 * that a publisher's own order stands [G3].
 */
export class Inbound {
  readonly #owner: InboundOwner
  readonly #traffic: Pick<Traffic, "messagesIn">
  #queue: (Decoded | undefined)[] = []
  #next = 0
  #busy = false

  constructor(owner: InboundOwner, traffic: Pick<Traffic, "messagesIn">) {
    this.#owner = owner
    this.#traffic = traffic
  }

  /** Something waits, or is being decided. */
  get busy(): boolean {
    return this.#busy || this.waiting > 0
  }

  get waiting(): number {
    return this.#queue.length - this.#next
  }

  push(message: Decoded): void {
    this.#traffic.messagesIn += 1
    this.#queue.push(message)
  }

  /** Keeps everything waiting until `pending` has settled. */
  hold(pending: Promise<void>): void {
    this.#busy = true
    const settled = (): void => {
      this.#busy = false
      this.pump()
      this.#owner.inboundMoved()
    }
    pending.then(settled, (failure) => {
      this.#owner.inboundFailed(failure)
      settled()
    })
  }

  /** Handles what waits, as far as it may. Called again when something that held it back has passed. */
  pump(): void {
    while (!this.#busy && this.#next < this.#queue.length && this.#owner.mayHandle()) {
      const message = this.#queue[this.#next]
      this.#queue[this.#next++] = undefined
      if (message === undefined) continue
      const pending = this.#owner.handleInbound(message)
      if (pending !== undefined) this.hold(pending)
    }
    if (this.#next === this.#queue.length && this.#next > 0) this.clear()
  }

  clear(): void {
    this.#queue.length = 0
    this.#next = 0
  }
}
