import type { Env } from "@magpie/protocol"
import { History } from "../history.ts"
import type { JournalPlace } from "../journal.ts"
import { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage } from "../storage/storage.ts"
import { type AppliedRecords, applyRecords } from "./apply-records.ts"
import { buildAnew, snapshotName } from "./build-anew.ts"
import { damagedState, Generations, PLACE_KEY, type Place } from "./generations.ts"
import type { Patient } from "./patient.ts"
import { recordMark } from "./record.ts"
import { RowExport } from "./row-export.ts"
import type { SnapshotPlace, SnapshotStore } from "./snapshot.ts"

export interface PartitionStateOptions {
  readonly env: Env
  readonly partition: number
  readonly storage: Storage
  /** Names this opening of the log among all nodes. */
  readonly node: string
  readonly supports: number
  readonly snapshots: SnapshotStore | undefined
  readonly patient: Patient
}

/** What this node has made of a partition's log: rows of its own, and the place in the log that they belong to. One call at a time. */
export class PartitionState {
  readonly #options: PartitionStateOptions
  readonly #generations: Generations
  readonly #rejected = new Set<string>()
  #machine: StateMachine
  #history: History
  #place: Place
  /** Where the state came from a snapshot that the log has not borne out yet. */
  #unproven = false
  #export: RowExport | undefined

  /** Fails with STORAGE_FENCED where rows are damaged, and with INVALID_OPTIONS where a newer Magpie wrote them. */
  constructor(options: PartitionStateOptions) {
    this.#options = options
    this.#generations = new Generations(options.storage, options.partition)
    this.#machine = new StateMachine(this.storage, options.supports)
    this.#history = new History(this.storage, this.#machine.epoch ?? "")
    this.#place = this.#generations.place
    if (this.#place.position !== this.#machine.position) throw damagedState(PLACE_KEY)
  }

  get storage(): Storage {
    return this.#generations.current
  }

  get machine(): StateMachine {
    return this.#machine
  }

  get history(): History {
    return this.#history
  }

  get place(): Place {
    return this.#place
  }

  get isUnproven(): boolean {
    return this.#unproven
  }

  /** States of a log that was lost, which nobody has dealt with yet. */
  get before(): readonly Storage[] {
    return this.#generations.before
  }

  settled(): Promise<void> {
    return this.#generations.settled()
  }

  /** The record that was applied last is in the log. */
  async confirm(incarnation: string): Promise<void> {
    this.#unproven = false
    if (this.#place.position === 0 || this.#place.incarnation === incarnation) return
    const place = { ...this.#place, incarnation }
    await this.#options.patient.run(() => this.storage.commit([this.#generations.placeWrite(place)]))
    this.#place = place
  }

  /** Applies a run of records in one commit. What a full disk refuses is still in the log, and is tried again. */
  async apply(records: readonly Uint8Array[], first: number, incarnation: string): Promise<AppliedRecords> {
    const { patient, node } = this.#options
    const epoch = this.#machine.epoch
    const place = { position: first + records.length - 1, mark: recordMark(records.at(-1) ?? new Uint8Array()), incarnation }
    const result = await patient.run(async () => {
      try {
        const done = applyRecords(this.#machine, records, first, node)
        const writes = this.#machine.endBatch(place.position)
        this.#export?.keep(writes)
        await this.storage.commit([...writes, this.#generations.placeWrite(place)])
        return done
      } catch (cause) {
        this.#machine.discard()
        throw cause
      }
    })
    this.#machine.committed()
    this.#place = place
    if (this.#machine.epoch !== epoch) this.#history = new History(this.storage, this.#machine.epoch ?? "")
    return result
  }

  /**
   * Puts another state in place of this one, from a snapshot or empty. `lost`: the log no longer holds what was applied. A
   * snapshot that the log did not bear out says nothing of what this node had applied, and is not taken again.
   */
  async rebuild(journal: JournalPlace, lost: boolean): Promise<void> {
    const { partition, snapshots, supports, patient } = this.#options
    if (this.#unproven) this.#rejected.add(snapshotName(this.#place))
    this.#export?.end()
    const [generations, rejected, keep] = [this.#generations, this.#rejected, lost && !this.#unproven]
    this.#place = await patient.run(() => buildAnew({ generations, partition, snapshots, supports, journal, rejected, keep }))
    this.#unproven = this.#place.position > 0
    this.#machine = new StateMachine(this.storage, supports)
    this.#history = new History(this.storage, this.#machine.epoch ?? "")
  }

  /** The state as it is now, to be read while newer entries are applied. Ends one that is under way. */
  export(): { readonly place: SnapshotPlace; readonly rows: RowExport } {
    this.#export?.end()
    const rows = new RowExport(this.storage)
    this.#export = rows
    const { position, mark } = this.#place
    const place = { partition: this.#options.partition, position, mark, hash: this.#machine.stateHash(), epoch: this.#machine.epoch ?? "" }
    return { place, rows }
  }
}
