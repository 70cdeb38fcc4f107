import { MagpieError } from "@magpie/protocol"
import { checkName, checkRequest } from "./door.ts"
import type { ChangeRequest, CommandRequest, CompactRequest, Outcome, PublishRequest, RefuseRequest, RowRequest } from "./durable-log.ts"
import type { ChangeEntry, CommandEntry, CompactEntry, PublishEntry, RefusedEntry, RowEntry } from "./entry.ts"
import { requireVersion } from "./require-version.ts"
import { markNumber } from "./rows/message-row.ts"
import type { Applied } from "./state-machine/applied.ts"
import { COMMANDS_SINCE } from "./state-machine/commands.ts"
import { COMPACTED_SINCE } from "./state-machine/compaction.ts"
import { CHANGED_SINCE } from "./state-machine/streams.ts"
import { TABLES_SINCE } from "./state-machine/tables.ts"

/** Fails with BAD_REQUEST on what could not be stored. */
export function publishEntry(request: PublishRequest, at: number): PublishEntry {
  checkRequest(request)
  const { channel, pattern, name, data, from, ref, producer, sequence, key } = request
  return { type: "publish", at, channel, pattern, name, data, from, ref, producer, sequence, key }
}

/** Fails with BAD_REQUEST on what could not be stored, and with UNAVAILABLE while some node would not know it. */
export function changeEntry(request: ChangeRequest, at: number, applyVersion: number): ChangeEntry {
  checkRequest(request)
  requireVersion(applyVersion, CHANGED_SINCE)
  const { channel, pattern, change, from, ref, producer, sequence, key } = request
  return { type: "change", at, channel, pattern, change, from, ref, producer, sequence, key }
}

/** As `changeEntry`. */
export function rowEntry(request: RowRequest, at: number, applyVersion: number): RowEntry {
  checkRequest(request)
  requireVersion(applyVersion, TABLES_SINCE)
  const { channel, pattern, write, from, ref, producer, sequence, key } = request
  return { type: "row", at, channel, pattern, write, from, ref, producer, sequence, key }
}

/** As `changeEntry`. */
export function commandEntry(request: CommandRequest, at: number, applyVersion: number): CommandEntry {
  checkRequest(request)
  requireVersion(applyVersion, COMMANDS_SINCE)
  const { channel, pattern, step, from, ref } = request
  return { type: "command", at, channel, pattern, step, from, ref }
}

/** As `changeEntry`. */
export function compactEntry({ channel, pattern, upTo, mark, name, data }: CompactRequest, at: number, applyVersion: number): CompactEntry {
  checkName("channel", channel)
  checkName("pattern", pattern)
  requireVersion(applyVersion, COMPACTED_SINCE)
  return { type: "compact", at, channel, pattern, upTo, mark: markNumber(mark), name, data }
}

/** Fails with BAD_REQUEST on what could not be stored. */
export function refusedEntry(request: RefuseRequest, at: number): RefusedEntry {
  checkRequest(request)
  const { channel, pattern, producer, sequence, code, ref } = request
  return { type: "refused", at, channel, pattern, producer, sequence, code, ref }
}

export function outcomeOf({ outcome }: Applied): Outcome {
  if (outcome === undefined) throw new MagpieError("INTERNAL", "the entry had no outcome")
  return outcome
}
