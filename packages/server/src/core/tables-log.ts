import { type DurableLog, memoryStorage, type Outcome, openDurableLog, type RowRequest } from "@magpie/journal"
import { type AckLevel, type AnyContract, type Env, type Limits, MagpieError } from "@magpie/protocol"
import type { Audit } from "../commands/audit.ts"
import { retentionOf } from "../options.ts"
import { openingLog } from "./opening-log.ts"

/** The log of all channels, where some tables may be in memory only. */
export interface TablesLog extends DurableLog {
  /** What an acknowledgement of a write to this channel means. */
  levelOf(channel: string): AckLevel
}

export interface TablesLogOptions {
  readonly contract: AnyContract
  readonly env: Env
  readonly limits: Pick<Limits, "memoryTableBytes">
  readonly deduplicationMs: number
  /** Writes down who calls which command. Default: nobody does. */
  readonly audit?: Pick<Audit, "step"> | undefined
}

/** What several servers share is their log, and a table in memory is in none of them. Fails with INVALID_OPTIONS. */
export function refuseMemoryTables(contract: AnyContract): void {
  const pattern = memoryTableOf(contract)
  if (pattern === undefined) return
  throw new MagpieError("INVALID_OPTIONS", `the table "${pattern}" is in memory, which servers of a journal do not share`, {
    details: { option: "journal" },
  })
}

/** How long it is remembered in memory what was written, in milliseconds: for a link that breaks, and not for a client that was away. */
const MEMORY_DEDUPLICATION_MS = 600_000
const FULL_RETRY_MS = 1_000

function memoryTableOf({ channels }: AnyContract): string | undefined {
  return Object.entries(channels).find(([, kind]) => kind.kind === "table" && kind.durability === "memory")?.[0]
}

/**
 * Tables in memory have a log of their own over a storage in memory: the same machine, which begins a new epoch with each
 * process, and which remembers for ten minutes at most what was written [G2]. Everything else is in the other one, which is told to
 * whoever asks for what concerns the whole server.
 */
export function tablesLog(log: DurableLog, { contract, env, limits, deduplicationMs, audit }: TablesLogOptions): TablesLog {
  const settings = { retention: retentionOf(contract), deduplicationMs: Math.min(deduplicationMs, MEMORY_DEDUPLICATION_MS) }
  const storage = memoryStorage()
  const memory = memoryTableOf(contract) !== undefined ? openingLog(openDurableLog({ storage, env, settings }), "memory") : log

  function of(channel: string): DurableLog {
    if (memory === log) return log
    const { kind } = contract.match(channel)
    return kind.kind === "table" && kind.durability === "memory" ? memory : log
  }

  function write(request: RowRequest): Promise<Outcome> {
    const its = of(request.channel)
    // What makes room is taken, though it needs some itself.
    if (its !== log && request.write.action !== "delete" && storage.bytes >= limits.memoryTableBytes) {
      const details = { limit: "memoryTableBytes" }
      return Promise.reject(new MagpieError("UNAVAILABLE", "the tables in memory are full", { details, retryAfterMs: FULL_RETRY_MS }))
    }
    return its.write(request)
  }

  function both(attach: (log: DurableLog) => () => void): () => void {
    const detach = (memory === log ? [log] : [log, memory]).map(attach)
    return () => {
      for (const each of detach) each()
    }
  }

  return {
    get level() {
      return log.level
    },
    get ready() {
      return log.ready && memory.ready
    },
    control: log.control,
    levelOf: (channel) => of(channel).level,
    publish: (request) => of(request.channel).publish(request),
    change: (request) => of(request.channel).change(request),
    write,
    step: (request) => (audit === undefined ? log.step(request) : audit.step(request, () => log.step(request))),
    compact: (request) => of(request.channel).compact(request),
    refuse: (request) => of(request.channel).refuse(request),
    behind: (channel, position) => of(channel).behind(channel, position),
    newest: (channel) => of(channel).newest(channel),
    oldest: (channel) => of(channel).oldest(channel),
    resume: (channel, position) => of(channel).resume(channel, position),
    find: (channel, offset) => of(channel).find(channel, offset),
    versions: (channel, offset) => of(channel).versions(channel, offset),
    receipts: (channel, after, limit) => of(channel).receipts(channel, after, limit),
    command: (channel, id) => of(channel).command(channel, id),
    openCommands: (channel, offset, limit) => of(channel).openCommands(channel, offset, limit),
    commandCounts: (channel) => of(channel).commandCounts(channel),
    row: (channel, key) => of(channel).row(channel, key),
    readRows: (channel, offset, limits, only) => of(channel).readRows(channel, offset, limits, only),
    readAfter: (channel, offset, limits) => of(channel).readAfter(channel, offset, limits),
    readBefore: (channel, offset, limits) => of(channel).readBefore(channel, offset, limits),
    onApplied: (listener) => both((each) => each.onApplied(listener)),
    onEpoch: (listener) => log.onEpoch(listener),
    onFenced: (listener) => both((each) => each.onFenced(listener)),
    async close() {
      await Promise.all([log.close(), memory.close()])
    },
  }
}
