import type { Lanes } from "@magpie/client/persistent"
import type { Clock } from "@magpie/protocol"
import { crashingLanes } from "../crashing-lanes.ts"
import type { SeededRandom } from "../seeded-random.ts"

/** Where the pages of one user keep what they have not sent yet. It outlives them. */
export interface SimulatedLanes {
  /** For a page, on its clock. */
  open(clock: Clock): Lanes
  /**
   * That page is gone. What was being written is there or not, in the order in which it came; its lane is free at once or, as
   * with a browser that takes its time, a while later.
   */
  crash(): void
  /** The ids of the messages of these channels that are kept, with whether each has a number, and so may have left. */
  kept(channels: readonly string[]): ReadonlyMap<string, boolean>
  /** Messages that are kept. */
  readonly size: number
  /** Whether messages are kept where no page is. */
  readonly hasLeftovers: boolean
}

interface KeptRow {
  readonly channel: string
  readonly message: { readonly data: { readonly id: string } }
  readonly sequence?: number
}

/** Of the outbox's rows, those that hold a message. */
const MESSAGE = "message/"
const WRITE_MS = [1, 10, 60]
const FREE_LATE_SHARE = 0.3
/** Longer than the next page waits for it. */
const FREE_AFTER_MS = 3_000

export function createSimulatedLanes(random: SeededRandom, monotonic: () => number): SimulatedLanes {
  const disk = crashingLanes(random)
  disk.maxDelayMs = 2 * random.pick(WRITE_MS)
  const freeAt = new Map<number, number>()

  const messagesIn = (rows: Iterable<readonly [key: string, value: unknown]>): KeptRow[] =>
    [...rows].flatMap(([key, row]) => (key.startsWith(MESSAGE) ? [row as KeptRow] : []))

  return {
    open(clock) {
      const { list, open } = disk.lanes(clock)
      return { list, open: async (number) => ((freeAt.get(number) ?? 0) > monotonic() ? undefined : open(number)) }
    },
    crash() {
      const lanes = [...disk.held]
      disk.crash()
      if (random.float() < FREE_LATE_SHARE) for (const lane of lanes) freeAt.set(lane, monotonic() + FREE_AFTER_MS)
    },
    kept(channels) {
      const rows = messagesIn(disk.rows()).filter(({ channel }) => channels.includes(channel))
      return new Map(rows.map(({ message, sequence }) => [message.data.id, sequence !== undefined]))
    },
    get size() {
      return messagesIn(disk.rows()).length
    },
    get hasLeftovers() {
      return [...disk.stored].some(([lane, rows]) => !disk.held.has(lane) && messagesIn(rows).length > 0)
    },
  }
}
