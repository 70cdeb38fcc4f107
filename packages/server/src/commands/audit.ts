import type { CommandRequest, DurableLog, Outcome } from "@magpie/journal"
import {
  COMMAND,
  type CommandState,
  type ErrorCode,
  isFinal,
  type JsonText,
  type Log,
  MagpieError,
  type Publication,
} from "@magpie/protocol"
import { failureFields } from "../metrics/failure-fields.ts"

/** What is written down of commands. */
export type AuditEvent =
  /** Before the log is asked for it. `input` is the text that was given; of it the checksum is kept. */
  | {
      readonly event: "call"
      readonly channel: string
      readonly command: string
      readonly name: string
      readonly from?: string | undefined
      readonly input: JsonText
      readonly deadlineMs: number
    }
  | { readonly event: "cancel"; readonly channel: string; readonly command: string; readonly from?: string | undefined }
  /** Somebody is to serve the channel; with a fence he comes back. */
  | { readonly event: "serve"; readonly channel: string; readonly from?: string | undefined; readonly fence?: number | undefined }
  /** What was asked was refused, or what a device reported. */
  | {
      readonly event: "refused"
      readonly channel: string
      readonly action: string
      readonly command?: string | undefined
      readonly from?: string | undefined
      readonly code: ErrorCode
    }
  /** `unknown`: it never came into the ledger, or is no longer in it. */
  | { readonly event: "end"; readonly channel: string; readonly command: string; readonly state: CommandState | "unknown" }

/** A command that was called, and of which no end is written. */
export interface Unended {
  readonly channel: string
  readonly command: string
}

/** Where it is written down: `auditFile({ directory })`. */
export interface AuditLog {
  /** Called once, before anything is written. Gives what an earlier life has called and not seen end. */
  open(now: () => number): Promise<readonly Unended[]>
  /** Resolves when it is on the disk. */
  write(event: AuditEvent): Promise<void>
  close(): Promise<void>
}

/** Writes down who calls what, and what becomes of it. */
export interface Audit {
  /** What is asked is written before it is done: what cannot be written is not done. */
  step(request: CommandRequest, submit: () => Promise<Outcome>): Promise<Outcome>
  written(publication: Publication): void
  /** The log is open: what ended while nobody wrote is written now. */
  catchUp(log: Pick<DurableLog, "command">): Promise<void>
  close(): Promise<void>
}

export function createAudit(file: AuditLog, { now, log: write }: { readonly now: () => number; readonly log: Log }): Audit {
  const opened = file.open(now)
  opened.catch((cause: unknown) => write("error", "audit-failed", failureFields(cause)))

  async function put(event: AuditEvent): Promise<void> {
    try {
      await opened
    } catch (cause) {
      throw new MagpieError("UNAVAILABLE", "the audit could not be opened", { cause })
    }
    await file.write(event)
  }

  /** It has happened: that it could not be written changes nothing of it, and the next start looks for it. */
  function note(event: AuditEvent): void {
    put(event).catch((cause: unknown) => write("error", "audit-failed", { channel: event.channel, ...failureFields(cause) }))
  }

  return {
    async step(request, submit) {
      const asked = askedBy(request)
      if (asked !== undefined) await put(asked)
      const outcome = await submit()
      const { channel, from, step } = request
      // Who leaves after another one has begun to serve is refused in the ordinary course of things.
      if (outcome.result === "refused" && step.action !== "leave")
        note({ event: "refused", channel, action: step.action, command: "id" in step ? step.id : undefined, from, code: outcome.code })
      return outcome
    },
    written({ channel, name, data }) {
      if (name !== COMMAND) return
      const { command, state } = JSON.parse(data) as { readonly command?: string; readonly state?: CommandState }
      if (command !== undefined && state !== undefined && isFinal(state)) note({ event: "end", channel, command, state })
    },
    async catchUp(log) {
      for (const { channel, command } of await opened) {
        const row = log.command(channel, command)
        if (row === undefined || isFinal(row.state)) await put({ event: "end", channel, command, state: row?.state ?? "unknown" })
      }
    },
    close: () =>
      opened.then(
        () => file.close(),
        () => {},
      ),
  }
}

function askedBy({ channel, from, step }: CommandRequest): AuditEvent | undefined {
  switch (step.action) {
    case "call":
      return { event: "call", channel, command: step.id, name: step.name, from, input: step.data, deadlineMs: step.deadlineMs }
    case "cancel":
      return { event: "cancel", channel, command: step.id, from }
    case "serve":
      return { event: "serve", channel, from, fence: step.fence }
    default:
      return undefined
  }
}
