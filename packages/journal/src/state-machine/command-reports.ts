import { type CommandState, type ErrorCode, isFinal, type JsonText } from "@magpie/protocol"
import type { CommandStep } from "../entry.ts"
import type { CommandRow } from "../rows/command-row.ts"

export interface Place {
  readonly offset: number
  readonly mark: number
}

/** A refusal, what stands already, or what happens at the offset that it takes, which gives what the ledger says of it. */
export type CommandEffect = { readonly refused: ErrorCode } | { readonly standing: Place } | { write(place: Place): JsonText }

/** What becomes of a command. Without a state it stays in the one that it is in. */
export interface Step {
  readonly state?: CommandState
  /** What the ledger says beside its id and the result. */
  readonly told: object
  readonly runner?: string
  readonly result?: JsonText | undefined
}

type Report = CommandStep & { readonly action: "report" }

/** Who runs a command: a device by its fence, or a server by its name. */
export function runnerOf({ fence, runner }: Pick<Report, "fence" | "runner">): string {
  return runner === undefined ? `device/${fence}` : `server/${runner}`
}

/**
 * Whether a report holds. One of a device counts only under the newest fence: whoever served before it is heard no more. What
 * was said before, by the same one, stands.
 */
export function judgeReport(
  row: CommandRow,
  report: Report,
  fence: number,
  now: number,
): Step | Exclude<CommandEffect, { write: unknown }> {
  const by = runnerOf(report)
  const { state, data } = report
  const isRunner = row.runner === by
  if (report.fence === undefined ? !isRunner : report.fence !== fence) return { refused: "CONFLICT" }
  const standing = { standing: { offset: row.version, mark: row.mark } }
  if (isFinal(row.state)) return isRunner && row.state === state && row.result === data ? standing : { refused: "CONFLICT" }
  const told = { state, ...(report.fence === undefined ? undefined : { fence }) }
  switch (state) {
    case "delivered":
      if (row.state !== "queued") return standing
      return now >= row.deadline ? { refused: "EXPIRED" } : { state, told }
    case "started":
      if (row.runner !== undefined) return isRunner ? standing : { refused: "CONFLICT" }
      return now >= row.deadline ? { refused: "EXPIRED" } : { state, told, runner: by }
    case "progress":
      if (!isRunner) return { refused: "CONFLICT" }
      if (data === undefined) return { refused: "BAD_REQUEST" }
      return row.reports >= report.most ? { refused: "LIMIT_EXCEEDED" } : { state, told, result: data }
    case "cancelled":
      return row.isCancelled ? { state, told } : { refused: "CONFLICT" }
    default:
      return { state, told, runner: row.runner ?? by, result: data }
  }
}
