import type { Changes, Lane, Lanes } from "@magpie/client/persistent"
import type { Clock } from "@magpie/protocol"
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
  const stored = new Map<number, Map<string, unknown>>()
  const writeMs = random.pick(WRITE_MS)
  const freeAt = new Map<number, number>()
  let held = new Set<number>()
  let writing: (() => void)[] = []
  let page = 0

  function apply(lane: number, changes: Changes): void {
    const rows = stored.get(lane) ?? new Map<string, unknown>()
    stored.set(lane, rows)
    for (const [key, value] of changes) {
      if (value === undefined) rows.delete(key)
      // As it stands now: what its owner does to the object later is not on the disk.
      else rows.set(key, JSON.parse(JSON.stringify(value)))
    }
  }

  function createLane(number: number, clock: Clock): Lane {
    const mine = page
    let last: Promise<void> = Promise.resolve()
    const write = (changes: Changes): Promise<void> =>
      new Promise((resolve) => {
        if (mine !== page) return
        const done = (): void => apply(number, changes)
        writing.push(done)
        clock.setTimer(random.float() * 2 * writeMs, () => {
          if (mine !== page) return
          writing = writing.filter((each) => each !== done)
          done()
          resolve()
        })
      })
    return {
      rows: new Map(stored.get(number)),
      write(changes) {
        const copy = new Map(changes)
        last = last.then(() => write(copy))
        return last
      },
      async close() {
        await last
        if (mine === page) held.delete(number)
      },
    }
  }

  const messagesIn = (rows: ReadonlyMap<string, unknown>): KeptRow[] =>
    [...rows].flatMap(([key, row]) => (key.startsWith(MESSAGE) ? [row as KeptRow] : []))

  return {
    open: (clock) => ({
      async list(keys) {
        const found = [...stored].filter(([, rows]) => [...rows.keys()].some((key) => key.startsWith(keys)))
        return found.map(([lane]) => lane).sort((a, b) => a - b)
      },
      async open(number) {
        if (held.has(number) || (freeAt.get(number) ?? 0) > monotonic()) return undefined
        held.add(number)
        return createLane(number, clock)
      },
    }),
    crash() {
      page++
      const reached = random.integer(0, writing.length)
      for (const done of writing.slice(0, reached)) done()
      writing = []
      if (random.float() < FREE_LATE_SHARE) for (const lane of held) freeAt.set(lane, monotonic() + FREE_AFTER_MS)
      held = new Set()
    },
    kept(channels) {
      const rows = [...stored.values()].flatMap(messagesIn).filter(({ channel }) => channels.includes(channel))
      return new Map(rows.map(({ message, sequence }) => [message.data.id, sequence !== undefined]))
    },
    get size() {
      return [...stored.values()].flatMap(messagesIn).length
    },
    get hasLeftovers() {
      return [...stored].some(([lane, rows]) => !held.has(lane) && messagesIn(rows).length > 0)
    },
  }
}
