import type { Addition, ChangeAction, MessageInput, MessagesWith, ReactionName, ReadReceipt, Version } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { Receipt, SendOptions, StreamChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import { randomName } from "../random-name.ts"
import type { ChangeMessage } from "./apply-change.ts"

/** A message that is to be changed: one that was received, or `{ name, ...receipt.position }` of one that was sent. */
export interface MessagePlace<N extends string = string> {
  readonly name: N
  readonly offset: number | undefined
  /** With it, it can be no other message that stands there after a rollback of the log. */
  readonly mark?: string | undefined
}

/** What became of a message, as it is told. `messageList` makes of it what the message is now. */
export interface MessageChange {
  /** Of the message. */
  readonly offset: number
  /** The message's state after it; a state with a higher one is newer. */
  readonly version: number
  /** `changed`: what happened while this client was away, all in one. `gone`: it has left history since. */
  readonly action: ChangeAction | "changed" | "gone"
  /** Server time, and who did it. */
  readonly at: number
  readonly by: string | undefined
}

/** Up to where a user has read. */
export type ReadNotice = ReadReceipt

export interface ChangeEvents {
  change: MessageChange
  read: ReadNotice
}

/** What the contract lets be done to the messages of a stream; what it does not is a type error and refused. */
export interface Changes<K> {
  /** Gives a message new data. Resolves and fails as `send`; also with UNRECOVERABLE where it is not in history, CONFLICT where it was deleted. */
  edit<N extends MessagesWith<K, "edit">>(message: MessagePlace<N>, data: MessageInput<K, N>, options?: SendOptions): Promise<Receipt>
  /** Adds to the end of the field that the contract names, in the order of the calls [G3]; also fails with TOO_LARGE. */
  append<N extends MessagesWith<K, "append">>(message: MessagePlace<N>, addition: Addition<K, N>, options?: SendOptions): Promise<Receipt>
  /** Takes its data away for everybody. With `erase` also what it said before, where the contract keeps that. */
  delete<N extends MessagesWith<K, "delete">>(
    message: MessagePlace<N>,
    options?: SendOptions & { readonly erase?: boolean },
  ): Promise<Receipt>
  /** Gives a reaction, or takes it back; twice is as once. Fails with LIMIT_EXCEEDED where a message has too many. */
  react<N extends MessagesWith<K, "reactions">>(
    message: MessagePlace<N>,
    reaction: ReactionName<K, N>,
    options?: SendOptions,
  ): Promise<Receipt>
  unreact<N extends MessagesWith<K, "reactions">>(
    message: MessagePlace<N>,
    reaction: ReactionName<K, N>,
    options?: SendOptions,
  ): Promise<Receipt>
  /** Says that this user has read up to and with a message. What lies before the furthest one said changes nothing. */
  markRead(message: { readonly offset: number | undefined }, options?: SendOptions): Promise<Receipt>
  /** What a message said before, oldest first. Fails with FORBIDDEN. */
  versions(message: { readonly offset: number | undefined }): Promise<readonly Version[]>
  /** Up to where users have read: all that is kept of the channel. */
  receipts(): Promise<readonly ReadReceipt[]>
  /** Subscribes while there is a listener. Returns its disposer. */
  on<E extends keyof ChangeEvents>(event: E, listener: (value: ChangeEvents[E]) => void): () => void
}

/** Changes messages of a stream, and tells of changes. Fails with BAD_REQUEST on what is no channel of a client. */
export function changes<K>(channel: StreamChannel<K, undefined>): Changes<K> {
  const { name, contract, kind, kindName, start, outbox, random, request, follow } = extend(channel)
  // The client is to read these answers from now on; nobody follows.
  follow({ versions: { versions: "object" }, receipts: { receipts: "object" } }, {})()

  function send(
    messageName: "$change" | "$read",
    data: unknown,
    { ref = randomName(random, 8), ...patience }: SendOptions = {},
  ): Promise<Receipt> {
    start()
    if (kindName() === "broadcast") throw badField("channel", "must be a stream")
    return outbox.send(name, { name: messageName, data, ref }, patience)
  }

  async function change(action: ChangeAction, { offset, mark }: MessagePlace, fields: object, options?: SendOptions): Promise<Receipt> {
    return send("$change", { action, offset: offsetOf(offset), mark, ...fields }, options)
  }

  return {
    async edit(message, data, options) {
      if (data === undefined) throw badField("data", "must be present")
      if (kind) contract?.validate(kind, message.name, data)
      return change("edit", message, { data }, options)
    },
    append: (message, data, options) => change("append", message, { data }, options),
    delete: (message, { erase, ...options } = {}) => change("delete", message, { erase }, options),
    react: (message, reaction, options) => change("react", message, { reaction }, options),
    unreact: (message, reaction, options) => change("unreact", message, { reaction }, options),
    markRead: async ({ offset }, options) => send("$read", { upTo: offsetOf(offset) }, options),
    async versions({ offset }) {
      start()
      return (await request({ type: "versions", channel: name, offset: offsetOf(offset) }, "versions", { repeat: true })).versions
    },
    async receipts() {
      start()
      const all: ReadReceipt[] = []
      for (let after: string | undefined, more = true; more; ) {
        const page = await request({ type: "receipts", channel: name, ...(after === undefined ? undefined : { after }) }, "receipts", {
          repeat: true,
        })
        all.push(...page.receipts)
        after = page.next
        more = after !== undefined
      }
      return all
    },
    on: (event, listener) => {
      const tell = listener as (value: MessageChange | ReadNotice) => void
      const heard = event === "read" ? (message: ReadMessage) => tell(readOf(message)) : (message: ChangeMessage) => tell(changeOf(message))
      return channel.on((event === "read" ? "$read" : "$change") as never, heard as never)
    },
  }
}

type ReadMessage = { readonly from: string | undefined; readonly at: number; readonly data: { readonly upTo: number } }

function readOf({ from = "", at, data }: ReadMessage): ReadNotice {
  return { user: from, upTo: data.upTo, at }
}

function changeOf({ offset, at, from: by, data }: ChangeMessage): MessageChange {
  return { offset: data.offset, version: Number(offset), action: data.action, at, by }
}

function offsetOf(offset: number | undefined): number {
  if (offset === undefined) throw badField("offset", "must be that of a stored message")
  return offset
}
