import type { StreamChannel } from "@magpie/client"
import { changes, messageList } from "@magpie/client/changes"
import type { KeptMessage } from "@magpie/client/persistent"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "../contract.ts"
import { createStore } from "../page/store.ts"
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
export function openConversation({ client, outbox, inbox }: SupportClient, visitor: string, side: "visitor" | "agent") {
  const name = `support/talk/${visitor}` as const
  const channel = client.channel(name) as StreamChannel<KindOf<Support, "support/talk/:visitor">, undefined>
  const isOwn = (from: string | undefined) => (from === visitor) === (side === "visitor")
  // First what this device has, then the server's own list.
  const kept = inbox.channel(channel, { keep: 100 })
  const list = messageList(channel, { last: 50 })
  const change = changes(channel)
  const view = createStore(EMPTY)
  const outgoing = new Map<string, KeptMessage>()
  const typing = followTyping(client.channel(`support/typing/${visitor}`), isOwn, (now) => put({ typing: now }))

  const put = (some: Partial<ConversationView>): void => view.set({ ...view.get(), ...some })

  function show(): void {
    const told: readonly Told[] = list.loaded && list.error === undefined ? list.messages : kept.messages
    for (const { ref } of told) if (ref !== undefined) outgoing.delete(ref)
    const stored = withoutCopies(told).map((each) => lineOf(each, isOwn(each.from)))
    const lines = [...stored, ...[...outgoing.values()].map(outgoingLine)]
    const refused = list.error !== undefined && !list.error.retryable
    put({ lines, loaded: list.loaded, hasOlder: list.hasOlder, refused })
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
    list.on("update", show),
    kept.on("message", show),
    kept.on("change", show),
    kept.on("clear", show),
    outbox.on("change", note),
    change.on("read", ({ user, upTo }) => heardRead(user, upTo)),
    typing.stop,
    list.close,
  ]
  void change.receipts().then(
    (all) => all.forEach(({ user, upTo }) => void heardRead(user, upTo)),
    () => {},
  )

  /** What a send is refused for stands on its line; nobody has to wait for it. */
  const quietly = (sent: Promise<unknown>): void => void sent.catch(() => {})
  const placeOf = <N extends "say" | "file">(as: N, { offset, mark }: Line) => ({ name: as, offset, mark })
  let markedUpTo = 0

  /** The queue quotes the newest message; what it quoted is no longer what was said. */
  function unsay({ offset }: Line): void {
    const newest = view.get().lines.findLast(({ kind }) => kind !== "event")
    if (newest?.offset === offset) quietly(client.channel("support/queue").send("unsays", { visitor }))
  }

  return {
    visitor,
    view,
    send(text: string): void {
      typing.say(false)
      quietly(channel.send("say", { text }))
    },
    sendEvent: (what: "joined" | "handed" | "closed"): void => quietly(channel.send("event", { what })),
    edit(line: Line, text: string): void {
      quietly(change.edit(placeOf("say", line), { text }))
      unsay(line)
    },
    remove(line: Line): void {
      quietly(change.delete(placeOf(line.kind === "file" ? "file" : "say", line)))
      unsay(line)
    },
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

/** A reload in the wrong moment announces an attachment twice; the first one counts. */
function withoutCopies(told: readonly Told[]): readonly Told[] {
  const seen = new Set<string>()
  return told.filter(({ name, from, ref }) => {
    if (name !== "file") return true
    const key = `${from}/${ref}`
    return !seen.has(key) && seen.add(key)
  })
}
