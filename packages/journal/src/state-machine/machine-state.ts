import { crc32Number } from "../checksum.ts"
import { EPOCH_KEY, PAST_EPOCHS_KEY, PROGRESS_KEY, REVISION_KEY, SETTINGS_KEY } from "../rows/keys.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import {
  type AppliedSettings,
  DEFAULT_SETTINGS,
  decodeNumber,
  decodeProgress,
  decodeSettings,
  decodeText,
  decodeTexts,
  encodeNumber,
  encodeProgress,
  encodeSettings,
  encodeText,
  encodeTexts,
  NO_PROGRESS,
} from "../rows/system-rows.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Epochs that are remembered beside the present one, so that a client of one of them is told at once. */
const PAST_EPOCHS = 64

/** What belongs to the whole log of a partition and not to one channel of it. */
export class MachineState {
  /** The machine's time: never goes back, whatever the clocks of those who append say. */
  now = 0
  hash = 0
  position = 0
  nextChannelId = 1
  epoch: string | undefined
  /** Oldest first, without the present one. */
  pastEpochs: readonly string[] = []
  settings: AppliedSettings = DEFAULT_SETTINGS
  /** How many settings entries counted. */
  revision = 0
  readonly #pending: PendingWrites
  readonly #writer: RowWriter

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  mix(value: number): void {
    this.hash = crc32Number(value, this.hash)
  }

  load(): void {
    const read = <T>(key: string, decode: (row: Uint8Array) => T, none: T): T => {
      const row = this.#pending.getIntact(key)
      return row === undefined ? none : decode(row)
    }
    const progress = read(PROGRESS_KEY, decodeProgress, NO_PROGRESS)
    this.position = progress.position
    this.now = progress.floor
    this.hash = progress.hash
    this.nextChannelId = progress.nextChannelId
    this.epoch = read<string | undefined>(EPOCH_KEY, decodeText, undefined)
    this.pastEpochs = read<readonly string[]>(PAST_EPOCHS_KEY, decodeTexts, [])
    this.settings = read(SETTINGS_KEY, decodeSettings, DEFAULT_SETTINGS)
    this.revision = read(REVISION_KEY, decodeNumber, 0)
  }

  startEpoch(epoch: string): void {
    if (this.epoch !== undefined) {
      this.pastEpochs = [...this.pastEpochs, this.epoch].slice(-PAST_EPOCHS)
      this.#pending.put(PAST_EPOCHS_KEY, encodeTexts(this.#writer, this.pastEpochs))
    }
    this.epoch = epoch
    this.#pending.put(EPOCH_KEY, encodeText(this.#writer, epoch))
  }

  /** Returns the row that was written. */
  settle(settings: AppliedSettings): Uint8Array {
    this.settings = settings
    this.revision++
    const row = encodeSettings(this.#writer, settings)
    this.#pending.put(SETTINGS_KEY, row)
    this.#pending.put(REVISION_KEY, encodeNumber(this.#writer, this.revision))
    return row
  }

  save(position: number): void {
    this.position = position
    const { now: floor, nextChannelId, hash } = this
    this.#pending.put(PROGRESS_KEY, encodeProgress(this.#writer, { position, floor, nextChannelId, hash }))
  }
}
