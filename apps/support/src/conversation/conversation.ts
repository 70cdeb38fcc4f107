import type { StreamChannel } from "@magpie/client"
import { changes, messageList } from "@magpie/client/changes"
import type { KeptMessage } from "@magpie/client/persistent"
import { createStore } from "@magpie/frame/store"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "../contract.ts"
import { keptLines } from "./kept-lines.ts"
import { type Line, lineOf, outgoingLine, type Told } from "./lines.ts"
import type { SupportClient } from "./open-support.ts"
import { followTyping } from "./typing.ts"

export interface ConversationView {
  readonly lines: readonly Line[]
  /** Whether the server has answered; until then the lines are those of this device. */
  readonly loaded: boolean
  readonly hasOlder: boolean
  readonly refused: boolean
  /** Up to where the other side has read. */
  readonly readUpTo: number
  readonly typing: boolean
}

const EMPTY: ConversationView = { lines: [], loaded: false, hasOlder: false, refused: false, readUpTo: 0, typing: false }

export type Conversation = ReturnType<typeof openConversation>

/** One visitor's conversation as the side that opens it sees it: what was said, what is on its way, what the other side has read. */
export function openConversation({ client, outbox, device }: SupportClient, visitor: string, side: "visitor" | "agent") {
  const name = `support/talk/${visitor}` as const
  const channel = client.channel(name) as StreamChannel<KindOf<Support, "support/talk/:visitor">, undefined>
  const isOwn = (from: string | undefined) => (from === visitor) === (side === "visitor")
  const kept = keptLines(device, visitor)
  const list = messageList(channel, { last: 50 })
  const change = changes(channel)
  const view = createStore(EMPTY)
  const outgoing = new Map<string, KeptMessage>()
  /** What this device has, until the server's own list is there. */
  let told: readonly Told[] | undefined
  const typing = followTyping(client.channel(`support/typing/${visitor}`), isOwn, (now) => put({ typing: now }))

  const put = (some: Partial<ConversationView>): void => view.set({ ...view.get(), ...some })

  function show(more: Partial<ConversationView> = {}): void {
    for (const { ref } of told ?? []) if (ref !== undefined) outgoing.delete(ref)
    const stored = (told ?? []).map((each) => lineOf(each, isOwn(each.from)))
    const lines = [...stored, ...[...outgoing.values()].map(outgoingLine)]
    put({ ...more, lines })
  }

  function hear(): void {
    const { messages, loaded, hasOlder, error } = list
    const refused = error !== undefined && !error.retryable
    // What may no longer be read is not shown from the copy either.
    if (refused || (loaded && (error === undefined || messages.length > 0))) {
      told = refused ? [] : messages
      kept.keep(told)
    }
    // At once: whoever sees that it is loaded sees what was there as well.
    show({ loaded, hasOlder, refused })
  }

  function note(message: KeptMessage): void {
    if (message.channel !== name || (message.name !== "say" && message.name !== "file")) return
    outgoing.set(message.ref, message)
    show()
  }

  function heardRead(user: string, upTo: number): void {
    if (!isOwn(user) && upTo > view.get().readUpTo) put({ readUpTo: upTo })
  }

  for (const message of outbox.messages) note(message)
  const disposers = [
    list.on("update", hear),
    outbox.on("change", note),
    change.on("read", ({ user, upTo }) => heardRead(user, upTo)),
    typing.stop,
    list.close,
  ]
  void kept.read().then(
    (lines) => {
      told ??= lines
      show()
    },
    () => {},
  )
  void change.receipts().then(
    (all) => all.forEach(({ user, upTo }) => void heardRead(user, upTo)),
    () => {},
  )

  /** What a send is refused for stands on its line; nobody has to wait for it. */
  const quietly = (sent: Promise<unknown>): void => void sent.catch(() => {})
  const placeOf = <N extends "say" | "file">(as: N, { offset, mark }: Line) => ({ name: as, offset, mark })
  let markedUpTo = 0

  return {
    visitor,
    view,
    send(text: string): void {
      typing.say(false)
      quietly(channel.send("say", { text }))
    },
    edit: (line: Line, text: string): void => quietly(change.edit(placeOf("say", line), { text })),
    remove: (line: Line): void => quietly(change.delete(placeOf(line.kind === "file" ? "file" : "say", line))),
    dismiss(line: Line): void {
      outgoing.delete(line.key)
      show()
    },
    typing: typing.say,
    loadOlder: () => list.loadOlder(),
    /** Says that everything shown was read. */
    markRead(): void {
      const last = view.get().lines.findLast((line) => !line.own && line.offset !== undefined)
      if (last?.offset === undefined || last.offset <= markedUpTo) return
      markedUpTo = last.offset
      quietly(change.markRead({ offset: last.offset }))
    },
    close(): void {
      for (const dispose of disposers.splice(0)) dispose()
    },
  }
}
