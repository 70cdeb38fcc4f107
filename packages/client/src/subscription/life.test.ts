import type { DownMessage } from "@magpie/protocol"
import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { clientUnderTest, said, watch } from "../client-under-test.fixture.ts"
import { at, listener, subscribedTo } from "./listener.fixture.ts"

const forbidden = (id: number | undefined): DownMessage => ({
  type: "error",
  id,
  code: "FORBIDDEN",
  message: "not you",
  remedy: "",
  retryable: false,
})

test("who waits in subscribe() hears of the refusal, and the channel stays refused over links until somebody asks anew", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.onMessage = (message, link) => {
    if (message.type === "subscribe") link.send(forbidden(message.id))
    else answerPolitely(message, link)
  }
  const lobby = client.channel("chat/lobby")
  const subscribed = watch(lobby.subscribe())
  await clock.settle()
  expect(subscribed.code).toBe("FORBIDDEN")
  expect(lobby.subscription.state).toMatchObject({ state: "refused", error: { code: "FORBIDDEN" } })
  peer.link.close(1006)
  await clock.until(() => peer.links.length === 2 && client.status.state === "online")
  expect(lobby.subscription.state.state).toBe("refused")
  expect(peer.link.of("subscribe")).toEqual([])
  peer.onMessage = answerPolitely
  const again = watch(lobby.subscribe().then(() => true))
  await clock.settle()
  expect(again.value).toBe(true)
  expect(lobby.subscription.state.state).toBe("live")
})

test("is subscribing while there is no link, and idle where nobody wants it", async () => {
  const { clock, peer, client, lobby } = await listener()
  const other = client.channel("chat/other")
  peer.accepts = false
  peer.link.close(1006)
  await clock.settle()
  expect(lobby.subscription.state.state).toBe("subscribing")
  expect(other.subscription.state.state).toBe("idle")
  expect(lobby.subscription.position).toEqual(at(0))
})

test("a second listener, and subscribe() without a start, ask for nothing that is there already", async () => {
  const { clock, peer, lobby } = await listener()
  lobby.on("say", () => {})
  const subscribed = watch(lobby.subscribe().then(() => true))
  await clock.settle()
  expect(subscribed.value).toBe(true)
  expect(peer.link.of("subscribe")).toHaveLength(1)
  for (const start of [{ last: 1 }, { position: at(0) }]) {
    watch(lobby.subscribe(start))
    await clock.settle()
    expect(peer.link.last("subscribe")).toMatchObject(start)
  }
  expect(peer.link.of("subscribe")).toHaveLength(3)
})

test("unsubscribe() ends when the server has confirmed, and at once where it knows of nothing", async () => {
  const { clock, peer, lobby, dispose } = await listener()
  dispose()
  peer.onMessage = undefined
  const left = watch(lobby.unsubscribe().then(() => true))
  await clock.settle()
  expect([left.value, lobby.subscription.state.state]).toEqual([undefined, "idle"])
  peer.link.send({ type: "unsubscribed", id: peer.link.last("unsubscribe").id, channel: "chat/lobby" })
  await clock.settle()
  expect(left.value).toBe(true)
  const again = watch(lobby.unsubscribe().then(() => true))
  await clock.settle()
  expect(again.value).toBe(true)
  expect(peer.link.of("unsubscribe")).toHaveLength(1)

  peer.link.close(1006)
  watch(lobby.subscribe())
  const without = watch(lobby.unsubscribe().then(() => true))
  await clock.settle()
  expect(without.value).toBe(true)
})

test("unsubscribe() rejects who still waits in subscribe()", async () => {
  const { clock, lobby, peer } = await listener()
  peer.onMessage = undefined
  const subscribed = watch(lobby.subscribe({ last: 5 }))
  await clock.settle()
  watch(lobby.unsubscribe())
  await clock.settle()
  expect(subscribed.code).toBe("ABORTED")
})

test("a subscription ends by the server's word alone, with the code that it gives", async () => {
  const ended = async (fields: object): Promise<unknown> => {
    const { clock, peer, lobby } = await listener()
    peer.link.send({ type: "unsubscribed", channel: "chat/lobby", ...fields })
    await clock.settle()
    const { state } = lobby.subscription
    return state.state === "refused" ? [state.error.code, state.error.reason, state.error.details] : state.state
  }
  expect(await ended({})).toBe("live")
  expect(await ended({ id: 99, code: "FORBIDDEN" })).toBe("live")
  const reason = "the server ended the subscription"
  expect(await ended({ code: "EXPIRED" })).toEqual(["EXPIRED", reason, { code: "EXPIRED" }])
  expect(await ended({ code: "NEW_CODE", message: "why" })).toEqual(["FORBIDDEN", "why", { code: "NEW_CODE" }])
})

test("messages without an offset are delivered as they come, also beside numbered ones", async () => {
  const { clock, peer, client, lobby, heard } = await listener()
  const dots: unknown[] = []
  client.channel("typing/lobby").on("dot", ({ data }) => dots.push(data.x))
  await clock.settle()
  const dot = (x: number): DownMessage => ({ type: "message", channel: "typing/lobby", name: "dot", at: 0, data: { x } })
  const id = peer.link.of("subscribe").find(({ channel }) => channel === "typing/lobby")?.id
  expect(id).toBeDefined()
  peer.link.send(
    dot(1),
    dot(1),
    said(1),
    { type: "message", channel: "chat/lobby", name: "say", at: 0, data: { text: "loose" } },
    said(1),
    said(2),
  )
  await clock.settle()
  expect(dots).toEqual([1, 1])
  expect(heard).toEqual([1, undefined, 2])
  expect(lobby.subscription.position).toMatchObject(at(2))
})

test("an answer without a position leaves the position as it was, and a beacon before any is passed over", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.onMessage = (message, link) => {
    if (message.type !== "subscribe") return answerPolitely(message, link)
    link.send({ ...subscribedTo(message.id, { kind: "broadcast" }), position: undefined, channel: message.channel } as DownMessage)
  }
  const typing = client.channel("typing/lobby")
  typing.on("dot", () => {})
  await clock.settle()
  expect([typing.subscription.state.state, typing.subscription.position]).toEqual(["live", undefined])
  peer.link.send({ type: "position", channel: "typing/lobby", position: at(9) })
  await clock.settle()
  expect(peer.link.of("subscribe")).toHaveLength(1)
})
