import { createStore } from "@magpie/frame"
import { toMagpieError } from "@magpie/protocol"
import type { ShowcaseClient } from "../connection/open-connection.ts"
import type { Identity } from "../identity.ts"
import {
  EMPTY_TIMELINE,
  oldestOffset,
  withDelivery,
  withEarlierPage,
  withGap,
  withMessage,
  withNewestPage,
  withoutOutgoing,
  withSending,
} from "./timeline.ts"

/** One room: what was said, what is on its way, what is missing. */
export type ChatRoom = ReturnType<typeof openChatRoom>

export function openChatRoom(client: ShowcaseClient, room: string, me: Identity) {
  const channel = client.channel(`chat/${room}`)
  const timeline = createStore(EMPTY_TIMELINE)
  const disposers: (() => void)[] = []

  const fail = (error: unknown) => timeline.update((now) => ({ ...now, phase: { state: "failed", error: toMagpieError(error) } }))

  async function open() {
    timeline.update((now) => ({ ...now, phase: { state: "loading" } }))
    try {
      const page = await channel.history({ limit: 50 })
      timeline.update((now) => withNewestPage(now, page.messages, page.more, me.owns))
      // From the page's position on, every message comes, or a gap says what is missing.
      const subscribed = channel.subscribe({ position: page.position })
      disposers.push(
        channel.on("say", (message) => timeline.update((now) => withMessage(now, message, me.owns))),
        channel.subscription.on("gap", (gap) => timeline.update((now) => withGap(now, gap))),
        channel.subscription.on("state", (now) => now.state === "refused" && fail(now.error)),
      )
      await subscribed
    } catch (error) {
      close()
      fail(error)
    }
  }

  async function send(text: string, author = me.name.get(), ref = me.newRef()) {
    timeline.update((now) => withSending(now, { ref, text, author, at: Date.now() }))
    try {
      // Resolves when the message is stored, however often the link breaks meanwhile. It is stored once.
      const receipt = await channel.send("say", { text, author }, { ref })
      timeline.update((now) => withDelivery(now, ref, { state: "sent", receipt }))
    } catch (error) {
      timeline.update((now) => withDelivery(now, ref, { state: "failed", error: toMagpieError(error) }))
    }
  }

  /** Sends every failed message again, oldest first: sends of one client are stored in the order of the calls. */
  function retry() {
    const failed = timeline.get().outgoing.filter((item) => item.delivery.state === "failed")
    for (const { text, author, ref } of failed) void send(text, author, ref)
  }

  async function loadEarlier() {
    const before = oldestOffset(timeline.get())
    if (before === undefined || timeline.get().earlier === "loading") return
    timeline.update((now) => ({ ...now, earlier: "loading" }))
    try {
      const page = await channel.history({ before, limit: 50 })
      timeline.update((now) => withEarlierPage(now, page.messages, page.more, me.owns))
    } catch {
      timeline.update((now) => ({ ...now, earlier: "failed" }))
    }
  }

  function close() {
    for (const dispose of disposers.splice(0)) dispose()
  }

  const discard = (ref: string) => timeline.update((now) => withoutOutgoing(now, ref))
  return { name: room, timeline, open, send, retry, discard, loadEarlier, close }
}
