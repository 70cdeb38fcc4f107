import { type CloseName, closeReason, type DownMessage } from "@magpie/protocol"

/** The connection that departs. */
export interface Departing {
  readonly pendingPublishes: number
  /** Messages of it wait, or are being decided. */
  readonly isDeciding: boolean
  send(message: DownMessage): void
  close(name: CloseName, reason: string): void
}

/** How a connection ends that is not ended at once: what was taken from it is answered first. */
export class Departure {
  readonly #connection: Departing
  readonly #defer: (task: () => void) => void
  #comeBackMs: number | undefined
  #closes: "never" | "answered" | "slow" = "never"

  constructor(connection: Departing, defer: (task: () => void) => void) {
    this.#connection = connection
    this.#defer = defer
  }

  /** The other side was told to come back later; nothing new is begun for it. */
  get announced(): boolean {
    return this.#comeBackMs !== undefined
  }

  /** Tells the other side when to come back [F84]. */
  announce(retryAfterMs: number): void {
    if (this.announced) return
    this.#comeBackMs = retryAfterMs
    this.#connection.send({ type: "go-away", reason: "restart", retryAfterMs })
  }

  /** Closes for a restart as soon as everything that was taken is answered. */
  closeOnceAnswered(): void {
    if (this.#closes === "never") this.#closes = "answered"
    this.answered()
  }

  /** Something was answered. Looks later in the turn, because that answer may still be on its way here. */
  answered(): void {
    if (this.#closes !== "answered") return
    this.#defer(() => {
      if (this.#connection.pendingPublishes === 0 && !this.#connection.isDeciding) this.close()
    })
  }

  /** Closes for a restart; `retryAfterMs` is for one that was not told before. */
  close(retryAfterMs = 0): void {
    this.#connection.close("SERVICE_RESTART", closeReason("restart", this.#comeBackMs ?? retryAfterMs))
  }

  /** It cannot keep up with a channel that disconnects such readers. At the end of the turn, when nobody goes through lists. */
  closeSlow(): void {
    if (this.#closes === "slow") return
    this.#closes = "slow"
    this.#defer(() => this.#connection.close("SLOW_CONSUMER", "reads too slowly"))
  }
}
