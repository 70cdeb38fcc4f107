import type { FakeEnv } from "@magpie/testing"
import type { BrokerRecord, JournalBroker, JournalConnection, RecordReader } from "./broker.ts"

/** A broker's log in memory, with one hand on everything that may happen to it. */
export interface FakeBroker {
  /** Another way to it; `cut` concerns only the first one. */
  connect(): JournalBroker
  readonly connects: number
  cut(on: boolean): void
  /** Takes everything and answers nothing. */
  mute(on: boolean): void
  drop(): void
  lose(count: number): void
  /** Another log stands where this one was, and no connection is told. */
  replace(records: readonly number[]): void
  /** Its newest records are gone, and nothing tells of it. */
  rewind(count: number): void
  skip(count: number): void
  trim(before: number): void
}

interface Line {
  readonly first: boolean
  lost: (cause?: unknown) => void
  readonly stops: Set<() => void>
}

export function fakeBroker(env: FakeEnv, partitions = 2): FakeBroker {
  const logs = Array.from({ length: partitions }, () => ({ records: [] as BrokerRecord[], next: 1, oldest: 1 }))
  const lines = new Set<Line>()
  const watchers = new Set<() => void>()
  let life = 1
  let isCut = false
  let isMute = false
  let connects = 0
  let ways = 0

  const log = (partition: number) => logs[partition] as (typeof logs)[number]
  const wake = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  const answer = async (line: Line): Promise<void> => {
    await new Promise<void>((resolve) => env.clock.setTimer(1, resolve))
    if (isMute) await new Promise(() => {})
    if (!lines.has(line)) throw new Error("the line is dead")
  }

  function readerOf(line: Line, partition: number, from: number): RecordReader {
    let next = from
    let stopped = false
    const stop = (): void => {
      stopped = true
      wake()
    }
    line.stops.add(stop)
    return {
      async next() {
        for (;;) {
          const found = stopped || isMute ? [] : log(partition).records.filter(({ position }) => position >= next)
          next = (found.at(-1)?.position ?? next - 1) + 1
          if (found.length > 0 || stopped) return found
          await new Promise<void>((resolve) => {
            const watcher = (): void => {
              watchers.delete(watcher)
              resolve()
            }
            watchers.add(watcher)
          })
        }
      },
      stop,
    }
  }

  function connectionOf(line: Line): JournalConnection {
    return {
      level: "disk",
      async append(partition, records) {
        await answer(line)
        for (const record of records) log(partition).records.push({ position: log(partition).next++, record: record.slice() })
        wake()
      },
      async trim(partition, before) {
        await answer(line)
        trim(partition, before)
      },
      async place(partition) {
        await answer(line)
        const { records, oldest } = log(partition)
        return { incarnation: `life-${life}`, oldest, newest: records.at(-1)?.position ?? oldest - 1 }
      },
      read: (partition, from) => readerOf(line, partition, from),
      async close() {
        lines.delete(line)
        for (const stop of line.stops) stop()
      },
    }
  }

  function trim(partition: number, before: number): void {
    const at = log(partition)
    at.oldest = Math.max(at.oldest, Math.min(before, at.next))
    at.records = at.records.filter(({ position }) => position >= before)
  }

  function dropAll(of: (line: Line) => boolean): void {
    for (const line of [...lines].filter(of)) {
      lines.delete(line)
      line.lost(new Error("ECONNRESET"))
    }
  }

  return {
    get connects() {
      return connects
    },
    connect() {
      const first = ways++ === 0
      return {
        name: "fake",
        partitions,
        trims: true,
        async connect(onLost) {
          connects++
          await new Promise<void>((resolve) => env.clock.setTimer(1, resolve))
          if (first && isCut) throw Object.assign(new Error("redis://user:secret@host refused"), { code: "ECONNREFUSED" })
          const line: Line = { first, lost: onLost, stops: new Set() }
          lines.add(line)
          return connectionOf(line)
        },
      }
    },
    cut(on) {
      isCut = on
      if (on) dropAll(({ first }) => first)
    },
    mute(on) {
      isMute = on
      wake()
    },
    drop: () => dropAll(() => true),
    lose(count) {
      life++
      const at = log(0)
      at.records = at.records.slice(0, at.records.length - count)
      at.next = (at.records.at(-1)?.position ?? 0) + 1
      dropAll(() => true)
    },
    replace(records) {
      life++
      logs[0] = {
        records: records.map((value, index) => ({ position: index + 1, record: Uint8Array.of(value) })),
        next: records.length + 1,
        oldest: 1,
      }
    },
    rewind(count) {
      const at = log(0)
      at.records = at.records.slice(0, at.records.length - count)
      at.next = (at.records.at(-1)?.position ?? 0) + 1
    },
    skip(count) {
      log(0).next += count
    },
    trim: (before) => trim(0, before),
  }
}
