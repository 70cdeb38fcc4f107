import { MagpieError, type Publication } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import type { ControlChange } from "../control.ts"
import type { Entry, EpochEntry, Origin, SettingsEntry } from "../entry.ts"
import { deadlineRange, keyOfRowDeadline, readDeadlineKey } from "../rows/keys.ts"
import { isIntact } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { type AppliedSettings, decodeText } from "../rows/system-rows.ts"
import type { Storage, Write } from "../storage/storage.ts"
import { type Applied, NOTHING, STALE } from "./applied.ts"
import { type ControlCaps, ControlEntries } from "./control-entries.ts"
import { Deadlines } from "./deadlines.ts"
import { nextDueTime } from "./due-times.ts"
import { MachineState } from "./machine-state.ts"
import { Origins } from "./origins.ts"
import { PendingWrites } from "./pending-writes.ts"
import { Streams } from "./streams.ts"

/**
 * Version of the rules by which entries become state. A log that was settled by a newer one is refused.
 *
 * 1  the first rules
 * 2  a revocation holds as long as it says, however far the log's time is ahead of who revoked
 * 3  names are spent; revocations and spent names are bounded in number
 * 4  messages change
 * 5  there are tables
 * 6  refusals of newcomers are remembered
 * 7  there are commands
 * 8  the beginning of a log can be joined
 */
export const APPLY_VERSION = 8

/** Rows that one clock entry may touch; what remains is due at once, for the next one. */
const EXPIRED_PER_CLOCK = 512

/** What a record without a readable entry adds to the hash. */
const SKIPPED = 1

/**
 * Turns a log's entries into rows. Deterministic: equal entries give equal rows and an equal `stateHash`, on every node
 * and however the log is cut into batches. Entries are applied in memory; `endBatch` gives the writes, and after their
 * commit either `committed` or `discard` is called before the next entry.
 */
export class StateMachine {
  readonly #supports: number
  readonly #pending: PendingWrites
  readonly #state: MachineState
  readonly #deadlines: Deadlines
  readonly #origins: Origins
  readonly #streams: Streams
  readonly #control: ControlEntries
  #committed: { readonly position: number; readonly hash: number }
  #due: { readonly at: number | undefined } | undefined

  /** `supports`: the newest rules it knows. Fails with STORAGE_FENCED on damaged rows and with INVALID_OPTIONS where a newer version wrote them. */
  constructor(storage: Storage, supports = APPLY_VERSION, caps?: ControlCaps) {
    this.#supports = supports
    this.#pending = new PendingWrites(storage)
    const writer = new RowWriter()
    this.#state = new MachineState(this.#pending, writer)
    this.#deadlines = new Deadlines(this.#pending)
    this.#origins = new Origins(this.#pending, writer, this.#state, this.#deadlines)
    this.#streams = new Streams(this.#pending, writer, this.#state)
    this.#control = new ControlEntries(this.#pending, writer, this.#state, this.#deadlines, this.#origins, caps)
    this.#load()
    this.#committed = this.#committedNow()
  }

  get epoch(): string | undefined {
    return this.#state.epoch
  }

  /** Epochs before the present one, oldest first, as far as they are remembered. */
  get pastEpochs(): readonly string[] {
    return this.#state.pastEpochs
  }

  get settings(): AppliedSettings {
    return this.#state.settings
  }

  /** What the next settings entry is numbered. */
  get nextRevision(): number {
    return this.#state.revision + 1
  }

  /** The log's time: the latest that any entry said. */
  get now(): number {
    return this.#state.now
  }

  /** Position in the journal of the last committed entry. */
  get position(): number {
    return this.#committed.position
  }

  /** Checksum of everything up to `position`; nodes at the same position have the same. */
  get committedHash(): string {
    return this.#committed.hash.toString(36)
  }

  /** Checksum of everything applied, also of what is not committed yet. */
  stateHash(): string {
    return this.#state.hash.toString(36)
  }

  /** When time has something to do; undefined when nothing waits on it. */
  nextDueAt(): number | undefined {
    if (this.#due === undefined) this.#due = { at: nextDueTime(this.#pending, this.#state.settings) }
    return this.#due.at
  }

  /** `position` is the entry's own in the journal; `origin` says who appended it, where the journal may give it twice. */
  apply(entry: Entry, position = 0, origin?: Origin): Applied {
    const state = this.#state
    if (origin !== undefined && !this.#origins.admit(origin)) return STALE
    state.now = Math.max(state.now, entry.at)
    state.mix(state.now)
    switch (entry.type) {
      case "publish":
      case "change":
      case "row":
      case "command":
        return this.#streams.publish(entry)
      case "compact":
        return { outcome: this.#streams.compact(entry) }
      case "refused":
        return { outcome: this.#streams.refuse(entry) }
      case "clock":
        return this.#clock()
      case "epoch":
        return this.#startEpoch(entry)
      case "settings":
        return this.#settle(entry)
      case "node":
        return this.#control.node(entry, origin)
      case "claim":
        return this.#control.claim(entry, position)
      case "release":
        return this.#control.release(entry)
      case "revoke":
        return this.#control.revoke(entry)
      case "spend":
        return this.#control.spend(entry)
      case "checkpoint":
      case "hash":
        return NOTHING
    }
  }

  /** A record that nobody can read: every node leaves it out alike. */
  skip(): Applied {
    this.#state.mix(SKIPPED)
    return NOTHING
  }

  /** The writes of everything applied since the last batch, up to a position in the journal. */
  endBatch(position: number): Write[] {
    this.#streams.flush()
    this.#origins.flush()
    this.#state.save(position)
    return this.#pending.writes()
  }

  committed(): void {
    this.#committed = this.#committedNow()
    if (this.#pending.timesChanged) this.#due = undefined
    this.#pending.clear()
    this.#streams.committed()
    this.#origins.committed()
  }

  /** Forgets everything since the last commit, as if it had not been applied. */
  discard(): void {
    this.#pending.clear()
    this.#due = undefined
    this.#streams.discard()
    this.#origins.discard()
    this.#control.discard()
    this.#load()
  }

  #committedNow(): { readonly position: number; readonly hash: number } {
    return { position: this.#state.position, hash: this.#state.hash }
  }

  #load(): void {
    this.#state.load()
    this.#refuseNewer(this.#state.settings.applyVersion)
  }

  #clock(): Applied {
    const { changes, expired } = this.#meetDeadlines()
    this.#streams.expire(EXPIRED_PER_CLOCK)
    return { ...(changes.length === 0 ? NOTHING : { changes }), ...(expired.length === 0 ? NOTHING : { expired }) }
  }

  #meetDeadlines(): { readonly changes: readonly ControlChange[]; readonly expired: readonly Publication[] } {
    const changes: ControlChange[] = []
    const expired: Publication[] = []
    for (const { key, value } of this.#pending.first(deadlineRange(this.#state.now), EXPIRED_PER_CLOCK)) {
      const { at, kind, name } = readDeadlineKey(key)
      this.#state.mix(at)
      if (kind === "o") this.#origins.due(name, at)
      else if (kind === "v") this.#control.revocationDue(name, at)
      else if (kind === "u") this.#control.spentDue(name, at)
      else if (kind === "w" || kind === "y") expired.push(...this.#rowDue(key, kind, value))
      else changes.push(...(kind === "c" ? this.#control.claimDue(name, at) : this.#control.nodeDue(name, at)))
    }
    return { changes, expired }
  }

  /** A table's row, or a command. The row of the index names the channel. One that is damaged is dropped alone, or it would be due for ever [F107]. */
  #rowDue(indexKey: string, kind: "w" | "y", value: Uint8Array): readonly Publication[] {
    const { at, name } = readDeadlineKey(indexKey)
    this.#deadlines.clear(at, kind, name)
    if (!isIntact(value)) return []
    const [channel, key] = [decodeText(value), keyOfRowDeadline(name)]
    const publication = kind === "w" ? this.#streams.rowDue(channel, key, at) : this.#streams.commandDue(channel, key, at)
    return publication === undefined ? [] : [publication]
  }

  #startEpoch({ epoch, after }: EpochEntry): Applied {
    if (after !== undefined && after !== (this.#state.epoch ?? "")) return NOTHING
    this.#state.startEpoch(epoch)
    this.#state.mix(crc32Text(epoch))
    const changes = this.#control.endClaims()
    return changes.length === 0 ? NOTHING : { changes }
  }

  #settle({ applyVersion, deduplicationMs, retention, revision }: SettingsEntry): Applied {
    if (revision !== undefined && revision !== this.nextRevision) return NOTHING
    this.#refuseNewer(applyVersion)
    this.#due = undefined
    for (const byte of this.#state.settle({ applyVersion, deduplicationMs, retention })) this.#state.mix(byte)
    return NOTHING
  }

  #refuseNewer(applyVersion: number): void {
    if (applyVersion <= this.#supports) return
    throw new MagpieError(
      "INVALID_OPTIONS",
      `the log was written by rules of version ${applyVersion}, this Magpie knows up to ${this.#supports}; start the newer Magpie, or restore a backup from before it`,
      { details: { applyVersion, known: this.#supports } },
    )
  }
}
