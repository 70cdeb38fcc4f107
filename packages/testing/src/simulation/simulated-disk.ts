import { type MemoryStorage, memoryStorage, type Storage, type Write } from "@magpie/journal"
import { type Clock, MagpieError } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"

/**
 * A disk that outlives its processes and keeps commit and flush apart: a commit that was under way when its process died
 * may be there afterwards or not, as one, and those behind it only if it is. What had been confirmed is there.
 */
export interface SimulatedDisk {
  /** For one process at a time. */
  open(clock: Clock): Storage
  /** The process that had it open is gone. */
  crash(): void
  /** Time that a flush takes. */
  flushMs: () => number
  /** Until the returned function is called commits fail and change nothing, and `struck` is called for each. */
  fill(struck?: () => void): () => void
  /** The next flush reports an error; whether its rows got there nobody knows. */
  failNextFlush(struck?: () => void): void
  /** Nothing that is planned goes wrong any more. */
  heal(): void
  readonly flushing: boolean
  /** A copy of what is durable now, for `restore`. */
  backup(): MemoryStorage
  /** The disk is gone, and another one is empty. */
  replace(): void
  /** Puts an old copy in place of the content. */
  restore(backup: MemoryStorage): void
}

interface Commit {
  readonly writes: readonly Write[]
  readonly settle: (failure?: MagpieError) => void
}

export function createSimulatedDisk(random: SeededRandom): SimulatedDisk {
  let rows = memoryStorage()
  let incarnation = 1
  let generation = 0
  let underWay: Commit[] = []
  let failing: (() => void) | undefined
  let full: (() => void) | undefined
  const disk: SimulatedDisk = {
    open,
    crash,
    flushMs: () => 0,
    fill(struck = () => {}) {
      full = struck
      return () => {
        if (full === struck) full = undefined
      }
    },
    failNextFlush(struck = () => {}) {
      failing = struck
    },
    heal() {
      failing = undefined
      full = undefined
    },
    get flushing() {
      return underWay.length > 0
    },
    backup: () => copyOf(rows),
    replace() {
      rows = memoryStorage()
      incarnation++
    },
    restore(backup) {
      rows = copyOf(backup)
      incarnation++
    },
  }

  function crash(): void {
    generation++
    // Flushed in order, so what is there is a run from the first.
    const reached = random.integer(0, underWay.length)
    for (const { writes } of underWay.slice(0, reached)) void rows.commit(writes)
    underWay = []
    failing = undefined
  }

  function open(clock: Clock): Storage {
    const mine = ++generation
    const content = rows
    let state: "open" | "fenced" | "closed" = "open"
    let last: Promise<void> = Promise.resolve()

    function begin(writes: readonly Write[]): Promise<void> {
      if (state === "fenced") return Promise.reject(fenced())
      return new Promise<void>((resolve, reject) => {
        const settle = (failure?: MagpieError): void => (failure ? reject(failure) : resolve())
        const commit: Commit = { writes, settle }
        underWay.push(commit)
        clock.setTimer(disk.flushMs(), () => mine === generation && void finish(commit))
      })
    }

    async function finish(commit: Commit): Promise<void> {
      if (full) {
        full()
        underWay.shift()
        commit.settle(new MagpieError("UNAVAILABLE", "the disk is full", { retryAfterMs: 200 }))
        return
      }
      if (failing) {
        state = "fenced"
        failing()
        failing = undefined
        if (random.float() < 0.5) await content.commit(commit.writes)
        underWay.shift()
        commit.settle(fenced())
        return
      }
      await content.commit(commit.writes)
      if (mine !== generation) return
      underWay.shift()
      commit.settle()
    }

    return {
      level: "disk",
      incarnation: `disk-${incarnation}`,
      get: (key) => content.get(key),
      range: (range) => content.range(range),
      commit(writes) {
        if (state === "closed") return Promise.reject(new MagpieError("CLOSED", "the storage is closed"))
        const copied = writes.map((write) => ("put" in write ? { put: write.put, value: write.value.slice() } : write))
        const done = last.then(() => begin(copied))
        last = done.catch(() => {})
        return done
      },
      async close() {
        state = "closed"
        await last
      },
    }
  }

  return disk
}

function fenced(): MagpieError {
  return new MagpieError("STORAGE_FENCED", "a flush to the disk failed")
}

function copyOf(storage: MemoryStorage): MemoryStorage {
  const copy = memoryStorage()
  void copy.commit([...storage.range({ from: "", to: "\u{10ffff}" })].map(({ key, value }) => ({ put: key, value })))
  return copy
}
