import type { Position } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { HistoryOptions, Received } from "../channel.ts"
import type { RequestTable } from "../request/request-table.ts"
import { type ChannelCore, isMessage } from "./channel-core.ts"

export interface ReceivedPage {
  readonly messages: readonly Received[]
  readonly more: boolean
  readonly position: Position
  next(): Promise<ReceivedPage> | undefined
}

type PageOptions = { readonly [Field in keyof HistoryOptions]: HistoryOptions[Field] | undefined }

/** Reads a page of the log. Where its link breaks it is asked for again on the next one, until the signal fires or the client closes. */
export async function readHistory(core: ChannelCore, request: RequestTable["request"], options: PageOptions): Promise<ReceivedPage> {
  const { before, after, limit, signal } = options
  core.start()
  if (before !== undefined && after !== undefined) throw badField("after", "and before exclude each other")
  const message = { type: "history", channel: core.shown.name, before, after, limit } as const
  const reply = await request(message, "history", { signal, repeat: true })
  const edge = reply.messages.at(after === undefined ? 0 : -1)?.offset
  return {
    messages: reply.messages
      .filter(isMessage)
      .map(core.read)
      .filter((read) => read !== undefined),
    more: reply.more,
    position: reply.position,
    next() {
      if (!reply.more || edge === undefined) return undefined
      return readHistory(core, request, { limit, signal, [after === undefined ? "before" : "after"]: edge })
    },
  }
}
