import type { Position, ReadReceipt } from "@magpie/protocol"
import type { DurableLog, MessageVersion, Page, PageLimits, ResumeAnswer } from "./durable-log.ts"
import type { History } from "./history.ts"
import type { OpenCommand } from "./read-commands.ts"
import type { RowsPage } from "./read-rows.ts"
import type { CommandCounts } from "./rows/channel-row.ts"
import type { CommandRow } from "./rows/command-row.ts"
import type { MessageRecord } from "./rows/message-row.ts"
import type { TableRow } from "./rows/table-row.ts"

type Reads = Pick<
  DurableLog,
  | "newest"
  | "oldest"
  | "resume"
  | "find"
  | "versions"
  | "receipts"
  | "row"
  | "readRows"
  | "command"
  | "openCommands"
  | "commandCounts"
  | "readAfter"
  | "readBefore"
>

/** What a log reads, from wherever it has the rows of a channel. */
export abstract class ReadingLog implements Reads {
  protected abstract historyOf(channel: string): History

  newest(channel: string): Position {
    return this.historyOf(channel).newest(channel)
  }

  oldest(channel: string): number {
    return this.historyOf(channel).oldest(channel)
  }

  resume(channel: string, position: Position): ResumeAnswer {
    return this.historyOf(channel).resume(channel, position)
  }

  find(channel: string, offset: number): MessageRecord | undefined {
    return this.historyOf(channel).find(channel, offset)
  }

  versions(channel: string, offset: number): readonly MessageVersion[] {
    return this.historyOf(channel).versions(channel, offset)
  }

  receipts(channel: string, after: string, limit: number): readonly ReadReceipt[] {
    return this.historyOf(channel).receipts(channel, after, limit)
  }

  row(channel: string, key: string): TableRow | undefined {
    return this.historyOf(channel).row(channel, key)
  }

  readRows(channel: string, offset: number, limits: PageLimits, only?: ReadonlySet<string>): RowsPage {
    return this.historyOf(channel).readRows(channel, offset, limits, only)
  }

  command(channel: string, id: string): CommandRow | undefined {
    return this.historyOf(channel).command(channel, id)
  }

  openCommands(channel: string, offset: number, limit: number): readonly OpenCommand[] {
    return this.historyOf(channel).openCommands(channel, offset, limit)
  }

  commandCounts(channel: string): CommandCounts {
    return this.historyOf(channel).commandCounts(channel)
  }

  readAfter(channel: string, offset: number, limits: PageLimits): Page {
    return this.historyOf(channel).readAfter(channel, offset, limits)
  }

  readBefore(channel: string, offset: number, limits: PageLimits): Page {
    return this.historyOf(channel).readBefore(channel, offset, limits)
  }
}
