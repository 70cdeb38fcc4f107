import type { ErrorCode } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import type { ChangeEntry, CommandEntry, PublishEntry, RowEntry } from "../entry.ts"
import { contentOfChange } from "./changes.ts"
import { contentOfStep, NO_SUCH_COMMAND } from "./commands.ts"
import { contentOfRow } from "./tables.ts"

/** What somebody sends to a channel. */
export type SentEntry = PublishEntry | ChangeEntry | RowEntry | CommandEntry

/** The message is not in history, or another one stands there. */
const NO_SUCH_MESSAGE: ErrorCode = "UNRECOVERABLE"

/** What a retry must have in common with what it repeats. */
export function contentOf(entry: SentEntry): number {
  if (entry.type === "row") return contentOfRow(entry.write)
  if (entry.type === "command") return contentOfStep(entry.step)
  return entry.type === "change" ? contentOfChange(entry.change) : crc32Text(entry.data, crc32Text(entry.name))
}

/** What is said of a channel that has nothing yet. */
export function codeOfNone({ type }: SentEntry): ErrorCode {
  if (type === "command") return NO_SUCH_COMMAND
  return type === "row" ? "CONFLICT" : NO_SUCH_MESSAGE
}
