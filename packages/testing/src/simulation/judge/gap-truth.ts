import type { GapNotice } from "@magpie/client"
import type { DurableLog } from "@magpie/journal"
import type { Position } from "@magpie/protocol"
import { Violation } from "./violation.ts"

const ONE = { maxCount: 1, maxBytes: Number.MAX_SAFE_INTEGER }

/**
 * A gap must be true: what every log that knows itself still has was not lost. `reached` is where the subscriber stood. Logs
 * only forget, so one that had forgotten when it answered has not remembered since.
 */
export function checkGap(who: string, { channel, reason, from, to }: GapNotice, reached: Position, logs: readonly DurableLog[]): void {
  if (reason === "corrupt") throw new Violation("I13", `${channel} ${from} to ${to} is damaged, and no disk was`)
  if (logs.length === 0 || logs.some((log) => log.newest(channel).epoch !== reached.epoch)) return
  const at = `${reached.epoch}/${reached.offset}`
  if (reason === "epoch" && logs.every((log) => holds(log, channel, reached)))
    throw new Violation("I6", `${who} was told that ${channel} is another log than it was at ${at}, and it is not`)
  if ((reason === "trimmed" || reason === "expired") && from !== undefined && logs.every((log) => markAt(log, channel, from) !== undefined))
    throw new Violation("I5", `${who} was told that ${channel} ${from} is ${reason}, and every log has it`)
}

function holds(log: DurableLog, channel: string, { offset, mark }: Position): boolean {
  return offset === 0 || (mark !== undefined && markAt(log, channel, offset) === mark)
}

function markAt(log: DurableLog, channel: string, offset: number): string | undefined {
  const [found] = log.readBefore(channel, offset + 1, ONE).publications
  return found?.offset === offset ? found.mark : undefined
}
