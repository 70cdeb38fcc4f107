import type { CommandState, Position, StoredMessage } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { Received } from "../channel.ts"
import type { Extension } from "../extension.ts"

/** One step of the ledger: of a command, or of who serves the channel. */
export interface LedgerStep {
  readonly offset: number
  /** Server time, milliseconds since 1970. */
  readonly at: number
  /** Whose step it is; undefined for the server, for time, and for anonymous ones. */
  readonly from: string | undefined
  /** The command's id. */
  readonly command?: string
  readonly state?: CommandState
  /** Of a call. */
  readonly name?: string
  readonly input?: unknown
  readonly deadline?: number
  /** Somebody asked that it end. */
  readonly cancel?: boolean
  /** Of a report: under which fence, and its progress, output or error. */
  readonly fence?: number
  readonly data?: unknown
  /** Somebody began to serve, or came back, under this fence; or left. */
  readonly serving?: number
  readonly left?: number
}

export interface LedgerOptions {
  /** Steps before this offset. Default: the newest. */
  readonly before?: number
  /** Steps after this offset, instead. */
  readonly after?: number
  /** Default: the server's, which is 50. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface LedgerPage {
  readonly steps: readonly LedgerStep[]
  readonly more: boolean
  readonly position: Position
}

/** The channel's object has what every kind has; its type shows only what its kind is for. */
interface Listening {
  on(name: string, listener: (message: Received) => void): () => void
}

export function followLedger(channel: object, listener: (step: LedgerStep) => void): () => void {
  return (channel as Listening).on("$command", (message) => listener(stepOf(message)))
}

export async function readLedger({ name, start, request }: Extension, options: LedgerOptions = {}): Promise<LedgerPage> {
  const { before, after, limit, signal } = options
  start()
  if (before !== undefined && after !== undefined) throw badField("after", "and before exclude each other")
  const range = { ...(before !== undefined && { before }), ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) }
  const patience = { repeat: true, ...(signal && { signal }) }
  const { messages, more, position } = await request({ type: "history", channel: name, ...range }, "history", patience)
  return { steps: messages.map(stepOf), more, position }
}

function stepOf({ offset, at, from, data }: Pick<StoredMessage, "offset" | "at" | "from" | "data">): LedgerStep {
  return { ...(data as object), offset: offset ?? 0, at, from }
}
