import type { GivenRecord, Neighbour, NeighbourLane, NeighbourRecord } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"

/** A topic of another system in memory, which keeps what is written to it, and with one hand on what may happen to it. */
export interface MemoryTopic extends Neighbour {
  /** What stands in it, in order, partition by partition. */
  readonly records: readonly GivenRecord[]
  /** Records that would be given again to one who connects now. */
  readonly unsettled: number
  /** Somebody else writes into it. `id: undefined` is a record that nobody named. */
  put(...records: readonly MemoryRecord[]): void
  /** Everybody's connection breaks. */
  drop(): void
  /** Nobody can connect, and who was connected is not any more. */
  cut(on: boolean): void
  /** The next writes land, and nobody learns of it. */
  loseAcks(count: number): void
  /** It lets go of so many records that nobody has settled, oldest first, in each partition. */
  forget(count: number): void
  /** Records that say so are refused for good; undefined refuses none. */
  refuse(fits: ((record: NeighbourRecord) => boolean) | undefined): void
}

export interface MemoryRecord {
  readonly value: string | Uint8Array
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly id?: string | undefined
}

export interface MemoryTopicOptions {
  readonly name?: string
  /** Default 1. Records with the same key are in the same one. */
  readonly partitions?: number
  /** Records that are given at a time. Default 100. */
  readonly page?: number
}

interface Partition {
  readonly records: GivenRecord[]
  settled: number
  missing: number
}

interface Line {
  readonly lost: (cause?: unknown) => void
  isOpen: boolean
}

export function memoryTopic({ name = "topic", partitions = 1, page = 100 }: MemoryTopicOptions = {}): MemoryTopic {
  const parts: readonly Partition[] = Array.from({ length: partitions }, () => ({ records: [], settled: 0, missing: 0 }))
  const lines = new Set<Line>()
  let waiting: (() => void)[] = []
  let isCut = false
  let acksToLose = 0
  let refuses: ((record: NeighbourRecord) => boolean) | undefined

  function wake(): void {
    const those = waiting
    waiting = []
    for (const each of those) each()
  }

  function open(lost: (cause?: unknown) => void): Line {
    if (isCut) throw new MagpieError("UNAVAILABLE", `${name} is out of reach`)
    const line: Line = { lost, isOpen: true }
    lines.add(line)
    return line
  }

  function end(line: Line): void {
    line.isOpen = false
    lines.delete(line)
    wake()
  }

  function drop(): void {
    for (const line of [...lines]) {
      end(line)
      line.lost()
    }
  }

  function add({ key, value, headers = {}, ...rest }: MemoryRecord): void {
    const index = partitionOf(key, partitions)
    const { records } = parts[index] as Partition
    const id = "id" in rest ? rest.id : `${name}/${index}/${records.length}`
    records.push({ key, value: typeof value === "string" ? new TextEncoder().encode(value) : value, headers, id, at: undefined })
  }

  function laneOf(part: Partition, line: Line): NeighbourLane {
    let given = part.settled
    const { missing } = part
    part.missing = 0
    return {
      missing,
      async next() {
        while (line.isOpen && given >= part.records.length) await new Promise<void>((resolve) => waiting.push(resolve))
        if (!line.isOpen) return []
        const records = part.records.slice(given, given + page)
        given += records.length
        return records
      },
      async settle() {
        if (!line.isOpen) throw new MagpieError("UNAVAILABLE", `the connection to ${name} was lost`)
        part.settled = given
      },
    }
  }

  return {
    name,
    get records() {
      return parts.flatMap(({ records }) => records)
    },
    get unsettled() {
      return parts.reduce((sum, { records, settled }) => sum + records.length - settled, 0)
    },
    put(...records) {
      for (const record of records) add(record)
      wake()
    },
    drop,
    cut(on) {
      isCut = on
      if (on) drop()
    },
    loseAcks(count) {
      acksToLose = count
    },
    forget(count) {
      for (const part of parts) {
        const gone = Math.min(count, part.records.length - part.settled)
        part.settled += gone
        part.missing += gone
      }
    },
    refuse(fits) {
      refuses = fits
    },
    async read(lost) {
      const line = open(lost)
      return { lanes: parts.map((part) => laneOf(part, line)), close: async () => end(line) }
    },
    async write(lost) {
      const line = open(lost)
      return {
        async send(records) {
          if (!line.isOpen) throw new MagpieError("UNAVAILABLE", `the connection to ${name} was lost`)
          for (const record of records) {
            if (refuses?.(record)) throw new MagpieError("TOO_LARGE", `${name} does not take the record`)
            add({ value: record.value, headers: record.headers, ...(record.key === undefined ? undefined : { key: record.key }) })
          }
          wake()
          if (acksToLose-- > 0) throw new MagpieError("UNAVAILABLE", "the acknowledgement was lost")
        },
        close: async () => end(line),
      }
    },
  }
}

function partitionOf(key: string | undefined, partitions: number): number {
  let sum = 0
  for (const character of key ?? "") sum += character.charCodeAt(0)
  return sum % partitions
}
