import { MagpieError } from "@magpie/protocol"
import { openLanes } from "#lanes"
import { badField } from "../bad-field.ts"
import type { Lane, Lanes } from "../lanes/lanes.ts"
import { checkRow, count, text } from "../lanes/row-fields.ts"

/** What a device knows of a command that it has begun. */
export type StoredCommand =
  /** Begun, and it is not known how far it came. */
  | { readonly state: "started" }
  /** It ended so, and says so again whoever asks. */
  | { readonly state: "ended"; readonly report: StoredReport }

export interface StoredReport {
  readonly state: "done" | "failed" | "cancelled" | "expired"
  readonly data?: unknown
}

/** Where a device keeps what it has begun, so that it does nothing twice [G9]. */
export interface CommandStore {
  get(id: string): Promise<StoredCommand | undefined>
  /** Durable when it resolves. */
  put(id: string, command: StoredCommand): Promise<void>
  close(): Promise<void>
}

/** Lives as long as this object: after a restart, what had been begun is `indeterminate`. */
export function memoryCommands(): CommandStore {
  const rows = new Map<string, StoredCommand>()
  return {
    get: async (id) => rows.get(id),
    async put(id, command) {
      rows.delete(id)
      rows.set(id, command)
      const gone = surplusOf(rows)
      if (gone !== undefined) rows.delete(gone)
    },
    close: async () => {},
  }
}

export interface StoredCommandsOptions {
  /** In a browser a database of this origin, in Node a directory. */
  readonly name: string
  /** Another place for the rows. Default: IndexedDB in browsers, files in Node. */
  readonly lanes?: Lanes
}

/** Commands that have ended and are kept. One that is called again after so many others is no longer known by its id here. */
const MOST_KEPT = 1_000
const PREFIX = "command/"

/** The oldest that has ended, where there are too many. The rows stand in the order in which they were written. */
function surplusOf(rows: ReadonlyMap<string, { readonly state: string }>): string | undefined {
  if (rows.size <= MOST_KEPT) return undefined
  for (const [key, { state }] of rows) if (state === "ended") return key
  return undefined
}

/**
 * Keeps commands over restarts: in IndexedDB in browsers, in a file in Node, for one process or page at a time. Fails with CONFLICT
 * where another holds it, INVALID_OPTIONS where there is nothing to keep them in, and UNRECOVERABLE on rows that are not what was kept.
 */
export async function storedCommands({ name, lanes }: StoredCommandsOptions): Promise<CommandStore> {
  if (typeof name !== "string" || name === "") throw badField("name", "must be a name", "INVALID_OPTIONS")
  const lane = await (lanes ?? openLanes(name)).open(0)
  if (lane === undefined) throw new MagpieError("CONFLICT", `another process or page serves commands with "${name}"`)
  try {
    return keptIn(lane)
  } catch (thrown) {
    await lane.close()
    throw thrown
  }
}

interface KeptRow {
  readonly ordinal: number
  readonly state: "started" | "ended"
  readonly report?: StoredReport
}

function keptIn(lane: Lane): CommandStore {
  const kept: [key: string, row: KeptRow][] = []
  for (const [key, value] of lane.rows) {
    if (!key.startsWith(PREFIX)) continue
    checkRow(key, value, { ordinal: count(1), state: text(16) })
    kept.push([key, value as KeptRow])
  }
  const rows = new Map(kept.sort(([, a], [, b]) => a.ordinal - b.ordinal))
  let last = kept.at(-1)?.[1].ordinal ?? 0

  return {
    async get(id) {
      const row = rows.get(PREFIX + id)
      if (row === undefined) return undefined
      return row.state === "ended" && row.report !== undefined ? { state: "ended", report: row.report } : { state: "started" }
    },
    async put(id, command) {
      const row = { ordinal: ++last, ...command }
      rows.delete(PREFIX + id)
      rows.set(PREFIX + id, row)
      const gone = surplusOf(rows)
      if (gone !== undefined) rows.delete(gone)
      await lane.write(new Map<string, unknown>([[PREFIX + id, row], ...(gone === undefined ? [] : [[gone, undefined] as const])]))
    },
    close: lane.close,
  }
}
