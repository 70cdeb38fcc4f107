import { hostname } from "node:os"
import {
  type BrokerAdapter,
  type Bus,
  type DurableLog,
  type DurableLogSettings,
  memoryStorage,
  openDurableLog,
  openSharedLog,
  type SnapshotStore,
  type Storage,
} from "@magpie/journal"
import { type Env, MagpieError } from "@magpie/protocol"
import type { AuditLog } from "../commands/audit.ts"
import { openingLog } from "../core/opening-log.ts"

/** Where a server keeps what is durable, and with whom it shares it. */
export interface LogOptions {
  /** Where streams are kept: `lmdb({ directory })`. Default: memory, gone with the process; acknowledgements say so. */
  readonly storage?: Storage
  /**
   * The broker that carries the log of several servers: `redis({ url })`, `nats({ servers })`. `storage` then holds what this
   * server has read of it; without it, a server reads the whole log, or a snapshot, each time that it starts. Default: this is
   * the only server.
   */
  readonly journal?: BrokerAdapter
  /** Carries what is not stored between the servers of a journal. Default: the journal's broker. */
  readonly bus?: BrokerAdapter
  /** Where the servers of a journal keep snapshots: `directorySnapshots({ directory })`. Without it the journal is only trimmed by its broker. */
  readonly snapshots?: SnapshotStore
  /** Writes down, signed, who calls which command and what becomes of it: `auditFile({ directory })`. Default: nobody does. */
  readonly audit?: AuditLog
  /** Names this server among those of a journal, for people. Default: the machine's name. */
  readonly node?: string
}

export interface OpeningLog {
  readonly log: DurableLog
  readonly opening: Promise<DurableLog>
  readonly bus: Bus | undefined
  /** An opening under way ends now, with CLOSED. */
  abandon(): void
}

/** Opens the log: alone, or together with others by way of a broker. Fails with INVALID_OPTIONS. */
export function openLog(options: LogOptions, env: Env, settings: DurableLogSettings): OpeningLog {
  const { journal, bus = journal, snapshots, node = hostname(), storage = memoryStorage() } = options
  if (journal === undefined) {
    const alone = Object.entries({ bus: options.bus, snapshots }).find(([, value]) => value !== undefined)
    if (alone !== undefined) {
      throw new MagpieError("INVALID_OPTIONS", `${alone[0]} is of use only beside journal`, { details: { option: alone[0] } })
    }
    const opening = openDurableLog({ storage, env, settings })
    return { log: openingLog(opening, storage.level), opening, bus: undefined, abandon: () => {} }
  }
  const abandoned = new AbortController()
  const opening = openSharedLog({
    ...{ storage, env, settings, node, journal: journal.openJournal(env), signal: abandoned.signal },
    ...(snapshots === undefined ? {} : { snapshots }),
  })
  return {
    log: openingLog(opening, "memory"),
    opening,
    bus: bus?.openBus(env),
    abandon: () => abandoned.abort(),
  }
}
