import type { Control } from "@magpie/journal"
import { type Clock, isMagpieError, type Timer } from "@magpie/protocol"

/** A node that is gone is followed by another after so long. */
const LEASE_MS = 10_000
const RENEW_MS = 3_000
const LOOK_MS = 1_000

export interface OwnershipOptions {
  readonly control: Pick<Control, "nodeId" | "claim" | "release" | "ownerOf">
  readonly clock: Clock
  readonly name: string
  /** Whether other nodes may want it too. */
  readonly shared: boolean
  readonly onGained: () => void
  /** Another node may have it from now on. */
  readonly onLost: () => void
}

/** Keeps something that one node at a time does, for as long as this node can, and takes it up where nobody has it. */
export class Ownership {
  readonly #options: OwnershipOptions
  #isHeld = false
  #isStopped = false
  #next: Timer | undefined
  #end: Timer | undefined

  constructor(options: OwnershipOptions) {
    this.#options = options
    if (options.shared) void this.#claim()
    else this.#gain()
  }

  /** Gives it back. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#next?.cancel()
    const { shared, control, name } = this.#options
    // Where it does not reach the log, the lease ends.
    if (this.#isHeld && shared) control.release(name).catch(() => {})
    this.#lose()
  }

  async #claim(): Promise<void> {
    const { control, clock, name } = this.#options
    const asked = clock.monotonic()
    try {
      const owner = control.ownerOf(name)?.owner
      if (owner === undefined || owner === control.nodeId) {
        const { granted } = await control.claim(name, LEASE_MS)
        if (granted) this.#hold(asked + LEASE_MS)
        else this.#lose()
      } else this.#lose()
    } catch (failure) {
      // What it was granted lasts until its end.
      if (isMagpieError(failure) && (failure.code === "CLOSED" || failure.code === "STORAGE_FENCED")) return this.#lose()
    }
    if (!this.#isStopped) this.#next = clock.setTimer(this.#isHeld ? RENEW_MS : LOOK_MS, () => void this.#claim())
  }

  #hold(until: number): void {
    const { clock } = this.#options
    if (this.#isStopped) return
    this.#end?.cancel()
    this.#end = clock.setTimer(Math.max(0, until - clock.monotonic()), () => this.#lose())
    if (!this.#isHeld) this.#gain()
  }

  #gain(): void {
    this.#isHeld = true
    this.#options.onGained()
  }

  #lose(): void {
    this.#end?.cancel()
    this.#end = undefined
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#options.onLost()
  }
}
