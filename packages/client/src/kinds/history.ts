import { type HistoryPage as HistoryReply, MagpieError, type Position } from "@magpie/protocol"
import type { HistoryOptions, Received } from "../channel.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { ChannelCore } from "./channel-core.ts"

export interface ReceivedPage {
  readonly messages: readonly Received[]
  readonly more: boolean
  readonly position: Position
  next(): Promise<ReceivedPage> | undefined
}

const DEFAULT_LIMIT = 50

export interface HistoryReader {
  readonly request: RequestTable["request"]
  /** Resolves when there is a link. Fails with ABORTED and CLOSED. */
  whenOnline(signal: AbortSignal | undefined): Promise<void>
}

/**
 * Reads a page of the log. Reading changes nothing, so a page whose link breaks is asked for again on the next one, until
 * the signal fires or the client closes.
 */
export async function readHistory(core: ChannelCore, reader: HistoryReader, options: HistoryOptions): Promise<ReceivedPage> {
  const { before, after, limit = DEFAULT_LIMIT, signal } = options
  if (before !== undefined && after !== undefined) {
    throw new MagpieError("BAD_REQUEST", "before and after exclude each other", { details: { field: "after" } })
  }
  for (;;) {
    await reader.whenOnline(signal)
    try {
      const reply = await reader.request({ type: "history", channel: core.name, before, after, limit }, { signal })
      if (reply.type !== "history") throw new MagpieError("INTERNAL", `the server answered history with ${reply.type}`)
      return pageOf(core, reader, options, reply)
    } catch (thrown) {
      // With the link still there, the server itself said so: its caller decides.
      if (!(thrown instanceof MagpieError) || thrown.code !== "UNAVAILABLE" || !thrown.details?.linkLost) throw thrown
    }
  }
}

function pageOf(core: ChannelCore, reader: HistoryReader, options: HistoryOptions, reply: HistoryReply): ReceivedPage {
  const messages = reply.messages.map(core.read).filter((message) => message !== undefined)
  const first = reply.messages[0]?.offset
  const last = reply.messages.at(-1)?.offset
  const edge = options.after === undefined ? { before: first } : { after: last }
  const { limit, signal } = options
  const following = { ...(limit !== undefined && { limit }), ...(signal && { signal }) }
  return {
    messages,
    more: reply.more,
    position: reply.position,
    next() {
      if (!reply.more) return undefined
      if (edge.before !== undefined) return readHistory(core, reader, { ...following, before: edge.before })
      if (edge.after !== undefined) return readHistory(core, reader, { ...following, after: edge.after })
      return undefined
    },
  }
}
