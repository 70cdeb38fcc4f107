import { type JsonText, MagpieError } from "@magpie/protocol"
import type { CommandStep } from "../entry.ts"
import type { RowReader } from "../rows/row-reader.ts"
import type { RowWriter } from "../rows/row-writer.ts"

/** Numbers of actions and states on the wire; never given to another one. */
const ACTIONS = ["call", "cancel", "serve", "leave", "report"] as const
const STATES = ["delivered", "started", "progress", "done", "failed", "expired", "cancelled", "indeterminate"] as const

export function encodeStep(writer: RowWriter, step: CommandStep): void {
  writer.number(ACTIONS.indexOf(step.action))
  switch (step.action) {
    case "call":
      writer.text(step.id).text(step.name).text(step.data).number(step.deadlineMs)
      // One higher, as 0 is a time.
      writer.number(step.deliverMs === undefined ? 0 : step.deliverMs + 1).number(step.reportMs)
      writer.optional(step.runner).number(step.most).number(step.keep)
      return
    case "cancel":
      writer.text(step.id).number(step.anybody ? 1 : 0)
      return
    case "serve":
      writer.number(step.fence ?? 0)
      return
    case "leave":
      writer.number(step.fence).number(step.since ?? 0)
      return
    case "report":
      writer
        .text(step.id)
        .number(STATES.indexOf(step.state))
        .number(step.fence ?? 0)
      writer.optional(step.runner).optional(step.data).number(step.most)
      return
  }
}

/** Fails with INVALID_OPTIONS where a newer Magpie wrote it. */
export function decodeStep(reader: RowReader): CommandStep {
  const action = ACTIONS[reader.number()]
  switch (action) {
    case "call": {
      const [id, name, data, deadlineMs] = [reader.text(), reader.text(), reader.text() as JsonText, reader.number()]
      const [deliver, reportMs, runner] = [reader.number(), reader.number(), reader.optional()]
      const [most, keep] = [reader.number(), reader.number()]
      return { action, id, name, data, deadlineMs, deliverMs: deliver === 0 ? undefined : deliver - 1, reportMs, runner, most, keep }
    }
    case "cancel":
      return { action, id: reader.text(), anybody: reader.number() === 1 }
    case "serve":
      return { action, fence: reader.number() || undefined }
    case "leave":
      return { action, fence: reader.number(), since: reader.number() || undefined }
    case "report": {
      const [id, state, fence] = [reader.text(), STATES[reader.number()], reader.number() || undefined]
      if (state === undefined) throw newer()
      return { action, id, state, fence, runner: reader.optional(), data: reader.optional() as JsonText | undefined, most: reader.number() }
    }
  }
  throw newer()
}

/** Times that a log must be able to count. */
export function timesOfStep(step: CommandStep): readonly number[] {
  return step.action === "call" ? [step.deadlineMs, step.reportMs, step.deliverMs ?? 0] : []
}

function newer(): MagpieError {
  return new MagpieError("INVALID_OPTIONS", "the log holds a step of a command by a newer Magpie; start that one")
}
