import type { ErrorCode } from "@magpie/protocol"
import type { RowWrite } from "../entry.ts"

interface Written {
  readonly key: string
  /** Undefined where the row left. */
  readonly value: unknown
  readonly isGone: boolean
  readonly expiresAt: number | undefined
}

/** A table in the simplest way: every write of it in a list, from which everything is counted anew. */
export class ReferenceTable {
  readonly #most: number
  readonly #writes: Written[]

  constructor(most: number, writes: readonly Written[] = []) {
    this.#most = most
    this.#writes = [...writes]
  }

  copy(): ReferenceTable {
    return new ReferenceTable(this.#most, this.#writes)
  }

  get newest(): number {
    return this.#writes.length
  }

  get expiring(): number {
    return [...this.#last(this.newest).values()].filter(({ expiresAt }) => expiresAt !== undefined).length
  }

  /** The offset that the write takes, or why it takes none. */
  write(write: RowWrite, at: number): number | ErrorCode {
    const there = this.#last(this.newest).get(write.key)
    if (write.expected !== undefined && write.expected !== this.versionOf(write.key)) return "CONFLICT"
    if (there === undefined && write.action !== "set") return "CONFLICT"
    if (write.action === "delete") return this.#add({ key: write.key, value: undefined, isGone: true, expiresAt: undefined })
    let value: unknown = JSON.parse(write.data)
    if (write.action === "merge") {
      if (!isRecord(value) || !isRecord(there?.value)) return "BAD_REQUEST"
      value = { ...there.value, ...value }
    }
    if (new TextEncoder().encode(JSON.stringify(value)).length > write.maxBytes) return "TOO_LARGE"
    if (there === undefined && this.#last(this.newest).size >= this.#most) return "LIMIT_EXCEEDED"
    return this.#add({ key: write.key, value, isGone: false, expiresAt: write.ttlMs === undefined ? undefined : at + write.ttlMs })
  }

  /** The rows that leave, in the order in which they do. */
  expire(now: number): readonly (readonly [offset: number, key: string])[] {
    const due = [...this.#last(this.newest).values()]
      .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
      .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || (a.key < b.key ? -1 : 1))
    return due.map(({ key }) => [this.#add({ key, value: undefined, isGone: true, expiresAt: undefined }), key] as const)
  }

  asOf(offset: number): Map<string, unknown> {
    return new Map([...this.#last(offset)].map(([key, { value }]) => [key, value]))
  }

  /** How often each key was written up to an offset. */
  counts(offset: number): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { key } of this.#writes.slice(0, offset)) counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }

  /** 0 where it is not there. */
  versionOf(key: string): number {
    const version = this.#writes.findLastIndex((each) => each.key === key) + 1
    return this.#writes[version - 1]?.isGone === false ? version : 0
  }

  /** Whether the write at an offset is the last one of its row. */
  isLast(offset: number): boolean {
    const write = this.#writes[offset - 1]
    return write !== undefined && this.#writes.findLastIndex(({ key }) => key === write.key) === offset - 1
  }

  #last(offset: number): Map<string, Written> {
    const last = new Map<string, Written>()
    for (const write of this.#writes.slice(0, offset)) {
      if (write.isGone) last.delete(write.key)
      else last.set(write.key, write)
    }
    return last
  }

  #add(write: Written): number {
    this.#writes.push(write)
    return this.newest
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
