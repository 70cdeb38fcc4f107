import type { Changes, Lane, Lanes } from "@magpie/client/persistent"
import { type Clock, MagpieError, type Random } from "@magpie/protocol"

/** A disk under lanes that takes its time, has no room when it is told so, and survives those who wrote to it. */
export interface CrashingLanes {
  /** For the present life, on its clock: after a crash, what an earlier one still does with its lanes has no effect and no answer. */
  lanes(clock: Clock): Lanes
  /** Whoever held lanes is gone. What was being written is there or not, in the order in which it came. */
  crash(): void
  /** Whether there is room for another write. */
  room: boolean
  /** At most so long a write takes, in milliseconds. */
  maxDelayMs: number
  /** Lanes that the present life holds. */
  readonly held: ReadonlySet<number>
  /** The rows of each lane. */
  readonly stored: ReadonlyMap<number, ReadonlyMap<string, unknown>>
  /** Every row of every lane. */
  rows(): readonly (readonly [key: string, value: unknown])[]
}

export function crashingLanes(random: Random): CrashingLanes {
  const stored = new Map<number, Map<string, unknown>>()
  const held = new Set<number>()
  let writing: (() => void)[] = []
  let life = 0

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
    const mine = life
    let last: Promise<void> = Promise.resolve()
    const write = (changes: Changes): Promise<void> =>
      new Promise((resolve, reject) => {
        if (mine !== life) return
        if (!disk.room) return reject(new MagpieError("LIMIT_EXCEEDED", "no room", { details: { limit: "storage" } }))
        const done = (): void => apply(number, changes)
        writing.push(done)
        clock.setTimer(random.float() * disk.maxDelayMs, () => {
          if (mine !== life) return
          writing = writing.filter((each) => each !== done)
          done()
          resolve()
        })
      })
    return {
      rows: new Map(stored.get(number)),
      write(changes) {
        const copy = new Map(changes)
        const done = last.then(() => write(copy))
        last = done.catch(() => {})
        return done
      },
      async close() {
        await last
        if (mine === life) held.delete(number)
      },
    }
  }

  const disk: CrashingLanes = {
    room: true,
    maxDelayMs: 20,
    held,
    stored,
    rows: () => [...stored.values()].flatMap((rows) => [...rows]),
    crash() {
      life++
      held.clear()
      const reached = Math.floor(random.float() * (writing.length + 1))
      for (const done of writing.slice(0, reached)) done()
      writing = []
    },
    lanes: (clock) => ({
      async list(keys) {
        const found = [...stored].filter(([, rows]) => [...rows.keys()].some((key) => key.startsWith(keys)))
        return found.map(([lane]) => lane).sort((a, b) => a - b)
      },
      async open(number) {
        if (held.has(number)) return undefined
        held.add(number)
        return createLane(number, clock)
      },
    }),
  }
  return disk
}
