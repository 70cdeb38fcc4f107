import type { Changed, JsonText, Reaction } from "@magpie/protocol"
import type { RowReader } from "./row-reader.ts"
import type { RowWriter } from "./row-writer.ts"

/** When something was done last, by whom (the server itself where that is undefined), and how often. */
export interface Stamp {
  readonly at: number
  readonly by: string | undefined
  readonly count: number
}

/** What became of a message since it was published. */
export interface RecordChanges {
  /** Offset of the last change; its pointer stands there. */
  readonly version: number
  readonly edited?: Stamp | undefined
  readonly appended?: Stamp | undefined
  readonly deleted?: Stamp | undefined
  /** From which version on, and since when, it says what it says now. */
  readonly said: { readonly version: number; readonly at: number; readonly by: string | undefined }
  /** Earlier versions that have rows of their own, oldest first. */
  readonly kept: readonly number[]
  /** A list of `Reaction` as JSON. The whole of it is in a row of its own. */
  readonly reactions?: string | undefined
}

const STAMPS = ["edited", "appended", "deleted"] as const

export function writeChanges(writer: RowWriter, changes: RecordChanges): void {
  const { version, said, kept, reactions } = changes
  writer.number(version).number(said.version).number(said.at).optional(said.by)
  for (const name of STAMPS) {
    const stamp = changes[name]
    writer.number(stamp?.count ?? 0)
    if (stamp !== undefined) writer.number(stamp.at).optional(stamp.by)
  }
  writer.number(kept.length)
  for (const each of kept) writer.number(each)
  writer.optional(reactions)
}

export function readChanges(reader: RowReader): RecordChanges {
  const version = reader.number()
  const said = { version: reader.number(), at: reader.number(), by: reader.optional() }
  const stamps = STAMPS.map((name) => [name, readStamp(reader)] as const).filter(([, stamp]) => stamp !== undefined)
  const kept: number[] = []
  for (let left = reader.number(); left > 0 && !reader.done; left--) kept.push(reader.number())
  return { version, said, ...Object.fromEntries(stamps), kept, reactions: reader.optional() }
}

function readStamp(reader: RowReader): Stamp | undefined {
  const count = reader.number()
  return count === 0 ? undefined : { count, at: reader.number(), by: reader.optional() }
}

/** As clients see it. */
export function changedText({ version, edited, appended, deleted, reactions }: RecordChanges): JsonText {
  const list = reactions === undefined ? undefined : (JSON.parse(reactions) as readonly Reaction[])
  const changed: Changed = { version, ...shown({ edited, appended, deleted }), ...(list === undefined ? undefined : { reactions: list }) }
  return JSON.stringify(changed) as JsonText
}

function shown(stamps: Pick<RecordChanges, "edited" | "appended" | "deleted">): Partial<Changed> {
  const entries = Object.entries(stamps).flatMap(([name, stamp]: [string, Stamp | undefined]) => {
    if (stamp === undefined) return []
    const { at, by, count } = stamp
    return [[name, { at, ...(by === undefined ? undefined : { by }), ...(name === "deleted" ? undefined : { count }) }]]
  })
  return Object.fromEntries(entries)
}
