import { type Env, isMagpieError, type Timer } from "@magpie/protocol"
import type { DurableLogSettings } from "../durable-log.ts"
import type { Entry } from "../entry.ts"
import { MOST_MS } from "../milliseconds.ts"
import { randomEpoch } from "../random-names.ts"
import { decodeRevocation } from "../rows/control-rows.ts"
import { REVOCATIONS, revocationKey } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import { sameSettings } from "../rows/system-rows.ts"
import type { Applied } from "../state-machine/applied.ts"
import { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage } from "../storage/storage.ts"

/** The oldest rules; nodes raise them together (`ApplyVersions`). */
export const FIRST_APPLY_VERSION = 1
const RETRY_MS = 250

export interface OpeningOptions {
  readonly env: Env
  readonly partition: number
  readonly supports: number
  readonly settings: DurableLogSettings
  readonly submit: (entry: Entry) => Promise<Applied>
  readonly machine: () => StateMachine
  /** States of a log that was lost. */
  readonly before: () => readonly Storage[]
  /** Called when all is seen to; `holds` says whether that is still so when its turn comes. */
  readonly settled: (holds: () => boolean) => Promise<void>
  readonly done: () => void
}

/**
 * What a node that knows the log sees to before it takes part: that the log has an epoch, a new one where entries were lost
 * that this node had applied, that revocations outlive the loss, and that the settings are those of this node. Each entry
 * counts only once, whichever nodes append it.
 */
export class Opening {
  readonly #options: OpeningOptions
  #run: object | undefined
  #timer: Timer | undefined

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#run !== undefined) return
    const run = {}
    this.#run = run
    this.#see(run).catch((error: unknown) => {
      if (this.#run !== run) return
      this.#options.env.log("info", "journal.opening-failed", {
        partition: this.#options.partition,
        code: isMagpieError(error) && error.code,
      })
      this.#timer = this.#options.env.clock.setTimer(RETRY_MS, () => {
        this.#run = undefined
        this.start()
      })
    })
  }

  stop(): void {
    this.#run = undefined
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #see(run: object): Promise<void> {
    const { done, settled } = this.#options
    const holds = (): boolean => this.#run === run
    for (const step of [() => this.#epoch(), () => this.#revocations(), () => this.#settings(), () => settled(holds)]) {
      await step()
      if (!holds()) return
    }
    this.#run = undefined
    done()
  }

  /**
   * The lost state knew its own epoch and all before it. Where the surviving log still says one of those, nobody has
   * answered the loss yet; where it says another, that one was started behind the loss.
   */
  async #epoch(): Promise<void> {
    const { machine, before, supports, env, submit } = this.#options
    const lost = before().map((storage) => new StateMachine(storage, supports))
    const known = new Set(lost.flatMap((state) => [...state.pastEpochs, state.epoch]))
    const epoch = machine().epoch
    if (epoch !== undefined && !known.has(epoch)) return
    const reason = epoch === undefined ? "created" : "lost"
    await submit({ type: "epoch", at: this.#now(), epoch: randomEpoch(env.random), reason, after: epoch ?? "" })
    env.log("info", "journal.epoch", { partition: this.#options.partition, reason, epoch: machine().epoch })
  }

  async #revocations(): Promise<void> {
    const { before, supports, submit } = this.#options
    for (const storage of before()) {
      const { now } = new StateMachine(storage, supports)
      for (const { key, value } of Array.from(storage.range(REVOCATIONS))) {
        if (!isIntact(value)) continue
        const { issuedUntil, until } = decodeRevocation(value)
        const at = this.#now()
        const subject = key.slice(revocationKey("").length)
        // One for ever would be over the bound by the time that has passed since, and no node would take it.
        await submit({ type: "revoke", at, subject, issuedUntil, until: Math.min(at + until - now, MOST_MS) })
      }
    }
  }

  async #settings(): Promise<void> {
    const { machine, settings, submit } = this.#options
    const wanted = () => ({ ...settings, applyVersion: machine().settings.applyVersion || FIRST_APPLY_VERSION })
    // Another node's may come first under the same number; the last one counts.
    while (!sameSettings(wanted(), machine().settings)) {
      await submit({ type: "settings", at: this.#now(), revision: machine().nextRevision, ...wanted() })
    }
  }

  #now(): number {
    return Math.floor(this.#options.env.clock.now())
  }
}
