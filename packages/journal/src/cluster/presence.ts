import type { Env, Timer } from "@magpie/protocol"
import { CONTROL_STALE_MS } from "../control.ts"
import { decodeNode } from "../rows/control-rows.ts"
import { NODES, nodeKey } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import type { PartitionLog } from "./partition-log.ts"

/** How often a node shows that it is there and sees how far behind it is. Well below what makes it stale. */
const PULSE_MS = 400

export interface PresenceOptions {
  readonly env: Env
  readonly control: PartitionLog
  readonly partitions: readonly PartitionLog[]
  readonly name: string
  readonly node: string
  readonly supports: number
  /** Called when what this node knows has become too old, once until it is fresh again. */
  readonly onStale: () => void
}

/**
 * This node among the others: a clock entry of its own on the control partition, over and over. When one comes back, the
 * node knows everything that came before it; that entry also keeps the node listed and the leases' time going.
 */
export class Presence {
  readonly #options: PresenceOptions
  #timer: Timer | undefined
  #staleTimer: Timer | undefined
  #knownAt = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** How old what this node knows of the control partition is, at most. */
  get lagMs(): number {
    if (!this.#options.control.isReady) return Number.POSITIVE_INFINITY
    return this.#options.env.clock.monotonic() - this.#knownAt
  }

  /** Resolves when the first entry has come back, or has failed: what was known when the log was opened may be old by now. */
  start(): Promise<void> {
    return this.#pulse()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#staleTimer?.cancel()
  }

  async #pulse(): Promise<void> {
    const { clock } = this.#options.env
    const sentAt = clock.monotonic()
    try {
      await this.#options.control.submit({ type: "clock", at: this.#now() }, true)
      this.#known(sentAt)
      if (!this.#stopped && this.#options.control.isReady) await this.#takePart()
    } catch {
      // The lag says it.
    }
    if (this.#stopped) return
    this.#timer = clock.setTimer(Math.max(0, sentAt + PULSE_MS - clock.monotonic()), () => void this.#pulse())
  }

  #known(at: number): void {
    const { clock } = this.#options.env
    this.#knownAt = at
    this.#staleTimer?.cancel()
    if (this.#stopped) return
    // One millisecond beyond, because at the moment itself it is still fresh.
    this.#staleTimer = clock.setTimer(Math.max(0, at + CONTROL_STALE_MS + 1 - clock.monotonic()), this.#options.onStale)
  }

  async #takePart(): Promise<void> {
    const { control, name, supports, node } = this.#options
    const rows = Array.from(control.storage.range(NODES), ({ key, value }) => {
      // Of a damaged row nobody knows what its node supports.
      return { id: key.slice(nodeKey("").length), supports: isIntact(value) ? decodeNode(value).supports : 0 }
    })
    if (!rows.some((row) => row.id === node && row.supports > 0)) {
      await control.submit({ type: "node", at: this.#now(), name, supports }, true)
    } else if (rows.every(({ id }) => id >= node)) {
      await this.#raiseApplyVersion(Math.min(...rows.map((row) => row.supports)))
    }
  }

  /** The first of the nodes raises the rules once all of them know newer ones. */
  async #raiseApplyVersion(applyVersion: number): Promise<void> {
    for (const { machine, isReady, appender } of this.#options.partitions) {
      if (!isReady || machine.settings.applyVersion >= applyVersion) continue
      const entry = { type: "settings", at: this.#now(), ...machine.settings, applyVersion, revision: machine.nextRevision } as const
      await appender.submit(entry, true)
    }
  }

  #now(): number {
    return Math.floor(this.#options.env.clock.now())
  }
}
