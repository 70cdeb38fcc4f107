import { type CommandState, type ErrorCode, isFinal, type JsonText } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import type { CommandEntry, CommandStep } from "../entry.ts"
import { type CommandCounts, NO_COMMANDS } from "../rows/channel-row.ts"
import { type CommandRow, decodeCommandRow, encodeCommandRow } from "../rows/command-row.ts"
import { commandKey, endedCommandKey, openCommandKey, rowDeadline } from "../rows/keys.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { decodeText, encodeText } from "../rows/system-rows.ts"
import type { ChannelState } from "./channels.ts"
import { type CommandEffect, judgeReport, type Place, runnerOf, type Step } from "./command-reports.ts"
import { Deadlines } from "./deadlines.ts"
import type { MachineState } from "./machine-state.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** From these rules on, there are commands. */
export const COMMANDS_SINCE = 7

/** So many that have ended are forgotten at most for one that is called. Part of the rules. */
const FORGOTTEN_AT_ONCE = 2
/** What is left of the input of one that has ended: a repeated call is compared by its checksum. */
const NO_INPUT = "null" as JsonText

/**
 * The ledger of a channel's commands. Each step is a message of the channel, and beside them stands a row for each command as it
 * is now, by which the next step is judged: begun at most once, never after its deadline, ended once and for all [G9].
 */
export class Commands {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #deadlines: Deadlines

  constructor(pending: PendingWrites, writer: RowWriter, state: MachineState) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#deadlines = new Deadlines(pending)
  }

  judge(entry: CommandEntry, channel: ChannelState): CommandEffect {
    const { step, from } = entry
    switch (step.action) {
      case "call":
        return this.#call(entry, step, channel)
      case "cancel":
        return this.#cancel(step, from, channel)
      case "serve": {
        const { fence } = countsOf(channel)
        if (step.fence !== undefined && step.fence !== fence) return { refused: "CONFLICT" }
        return { write: ({ offset }) => this.#serve(channel, step.fence ?? offset, offset) }
      }
      case "leave": {
        const { fence, servedSince } = countsOf(channel)
        const { since = servedSince } = step
        if (step.fence !== fence || servedSince === 0 || since !== servedSince) return { refused: "CONFLICT" }
        return { write: () => this.#serve(channel, fence, 0) }
      }
      case "report": {
        const row = this.#find(channel, step.id)
        if (row === undefined) return { refused: "UNRECOVERABLE" }
        const judged = judgeReport(row, step, countsOf(channel).fence, this.#state.now)
        if ("refused" in judged || "standing" in judged) return judged
        return { write: (place) => this.#move(channel, step.id, row, judged, place) }
      }
    }
  }

  /** What becomes of a command whose moment has come; undefined where that moment was another one. A final one is forgotten. */
  due(channel: ChannelState, id: string, at: number): CommandEffect | undefined {
    const row = this.#find(channel, id)
    if (row?.dueAt !== at) return undefined
    if (isFinal(row.state)) {
      this.#forget(channel, id, row.ordinal)
      return undefined
    }
    const state = row.runner === undefined ? "expired" : "indeterminate"
    return { write: (place) => this.#move(channel, id, row, { state, told: { state } }, place) }
  }

  #call(entry: CommandEntry, step: CommandStep & { readonly action: "call" }, channel: ChannelState): CommandEffect {
    const { id, deadlineMs, deliverMs } = step
    const content = crc32Text(step.data, crc32Text(step.name, crc32Text(entry.from ?? "")))
    const before = this.#find(channel, id)
    if (before !== undefined) {
      if (before.content !== content || before.from !== entry.from) return { refused: "CONFLICT" }
      return { standing: { offset: before.version, mark: before.mark } }
    }
    const { open, servedSince } = countsOf(channel)
    if (deadlineMs > 0 && open >= step.most) return { refused: "LIMIT_EXCEEDED" }
    if (deadlineMs > 0 && deliverMs !== undefined && servedSince === 0) return { refused: "UNAVAILABLE" }
    return { write: (place) => this.#begin(entry, step, content, channel, place) }
  }

  #begin(
    entry: CommandEntry,
    step: CommandStep & { readonly action: "call" },
    content: number,
    channel: ChannelState,
    { offset, mark }: Place,
  ): JsonText {
    const { id, name, data, deadlineMs, deliverMs = deadlineMs, reportMs, runner } = step
    const { now } = this.#state
    const state: CommandState = deadlineMs === 0 ? "expired" : runner === undefined ? "queued" : "started"
    const deadline = now + deadlineMs
    const row: CommandRow = {
      name,
      from: entry.from,
      calledOffset: offset,
      calledAt: now,
      state,
      version: offset,
      mark,
      at: now,
      deadline,
      reportMs,
      dueAt: 0,
      isCancelled: false,
      runner: state === "started" && runner !== undefined ? runnerOf({ runner }) : undefined,
      reports: 0,
      ordinal: 0,
      content,
      input: data,
      result: undefined,
    }
    if (isFinal(state)) this.#put(channel, id, undefined, this.#ended(channel, id, row))
    else {
      this.#pending.put(openCommandKey(channel.id, offset), encodeText(this.#writer, id))
      this.#count(channel, { open: countsOf(channel).open + 1 })
      const dueAt = state === "queued" ? now + Math.min(deadlineMs, deliverMs) : this.#dueOf(row)
      this.#put(channel, id, undefined, { ...row, dueAt })
    }
    this.#forgetOldest(channel, step.keep)
    return ledgerText(id, { state, name, deadline }, ["input", data])
  }

  #cancel({ id, anybody }: CommandStep & { readonly action: "cancel" }, from: string | undefined, channel: ChannelState): CommandEffect {
    const row = this.#find(channel, id)
    if (row === undefined) return { refused: "UNRECOVERABLE" }
    if (!anybody && row.from !== from) return { refused: "FORBIDDEN" }
    if (isFinal(row.state) || row.isCancelled) return { standing: { offset: row.version, mark: row.mark } }
    const step: Step = row.runner === undefined ? { state: "cancelled", told: { state: "cancelled" } } : ASKED
    return { write: (place) => this.#move(channel, id, { ...row, isCancelled: true }, step, place) }
  }

  #move(channel: ChannelState, id: string, before: CommandRow, step: Step, { offset: version, mark }: Place): JsonText {
    const { state = before.state } = step
    const row = {
      ...before,
      state,
      version,
      mark,
      at: this.#state.now,
      runner: step.runner ?? before.runner,
      reports: before.reports + (step.state === "progress" ? 1 : 0),
      result: isFinal(state) ? step.result : (step.result ?? before.result),
    }
    if (isFinal(state)) {
      this.#pending.remove(openCommandKey(channel.id, before.calledOffset))
      this.#count(channel, { open: countsOf(channel).open - 1 })
      this.#put(channel, id, before, this.#ended(channel, id, row))
    } else this.#put(channel, id, before, { ...row, dueAt: this.#dueOf(row) })
    return ledgerText(id, step.told, step.result === undefined ? undefined : ["data", step.result])
  }

  /** One that has ended takes its place among them, and is remembered for a while. */
  #ended(channel: ChannelState, id: string, row: CommandRow): CommandRow {
    const { now, settings } = this.#state
    const ordinal = countsOf(channel).ended + 1
    this.#count(channel, { ended: ordinal })
    this.#pending.put(endedCommandKey(channel.id, ordinal), encodeText(this.#writer, id))
    return { ...row, input: NO_INPUT, ordinal, dueAt: now + settings.deduplicationMs }
  }

  /** Those that ended first, as far as there are more than so many; what time has forgotten before is passed over. */
  #forgetOldest(channel: ChannelState, keep: number): void {
    for (let count = 0; count < FORGOTTEN_AT_ONCE; count++) {
      const { ended, forgotten } = countsOf(channel)
      const ordinal = forgotten + 1
      if (ended - forgotten <= keep) return
      const index = this.#pending.getIntact(endedCommandKey(channel.id, ordinal))
      if (index !== undefined) {
        const id = decodeText(index)
        const dueAt = this.#find(channel, id)?.dueAt
        if (dueAt !== undefined) this.#deadlines.clear(dueAt, "y", rowDeadline(channel.id, id))
        this.#forget(channel, id, ordinal)
      }
      this.#count(channel, { forgotten: ordinal })
    }
  }

  #forget(channel: ChannelState, id: string, ordinal: number): void {
    this.#pending.remove(commandKey(channel.id, id))
    this.#pending.remove(endedCommandKey(channel.id, ordinal))
  }

  /** A queued one expires, one that was begun has its outcome given up. */
  #dueOf({ runner, deadline, reportMs }: Pick<CommandRow, "runner" | "deadline" | "reportMs">): number {
    return runner === undefined ? deadline : deadline + reportMs
  }

  #put(channel: ChannelState, id: string, before: CommandRow | undefined, row: CommandRow): void {
    const name = rowDeadline(channel.id, id)
    if (before !== undefined) this.#deadlines.clear(before.dueAt, "y", name)
    this.#deadlines.set(row.dueAt, "y", name, encodeText(this.#writer, channel.name))
    this.#pending.put(commandKey(channel.id, id), encodeCommandRow(this.#writer, row))
  }

  #serve(channel: ChannelState, fence: number, servedSince: number): JsonText {
    this.#count(channel, { fence, servedSince })
    return JSON.stringify(servedSince > 0 ? { serving: fence } : { left: fence }) as JsonText
  }

  #count(channel: ChannelState, counts: Partial<CommandCounts>): void {
    channel.commands = { ...countsOf(channel), ...counts }
  }

  #find(channel: ChannelState, id: string): CommandRow | undefined {
    const row = this.#pending.getIntact(commandKey(channel.id, id))
    return row === undefined ? undefined : decodeCommandRow(row)
  }
}

function countsOf({ commands = NO_COMMANDS }: ChannelState): CommandCounts {
  return commands
}

/** Nobody knows but who runs it whether it can still be ended. */
const ASKED: Step = { told: { cancel: true } }

/** A step as it stands in the ledger. */
function ledgerText(id: string, told: object, value: readonly [field: string, data: JsonText] | undefined): JsonText {
  const head = JSON.stringify({ command: id, ...told })
  return (value === undefined ? head : `${head.slice(0, -1)},"${value[0]}":${value[1]}}`) as JsonText
}

/** Whether it can be the first of its channel. */
export function isFirstStep({ action }: CommandStep): boolean {
  return action === "call" || action === "serve"
}

/** What makes the mark of a step. */
export function contentOfStep(step: CommandStep): number {
  return crc32Text("data" in step ? (step.data ?? "") : "", crc32Text(JSON.stringify({ ...step, data: undefined })))
}

/** Why a command, or a step of it, was refused without a channel: it is not remembered. */
export const NO_SUCH_COMMAND: ErrorCode = "UNRECOVERABLE"
