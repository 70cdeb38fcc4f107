import type { DownMessage, Position } from "@magpie/protocol"
import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { app, clientUnderTest, said, watch } from "../client-under-test.fixture.ts"
import { at, listener, resumeWith, subscribedTo } from "./listener.fixture.ts"

test("subscribes with the first listener and unsubscribes a while after the last", async () => {
  const { clock, peer, lobby, dispose } = await listener()
  expect(lobby.subscription.state.state).toBe("live")
  const second = lobby.onAny(() => {})
  expect(peer.link.of("subscribe")).toHaveLength(1)
  dispose()
  dispose()
  await clock.advance(2_000)
  expect(peer.link.of("unsubscribe")).toHaveLength(0)
  second()
  await clock.advance(999)
  expect(peer.link.of("unsubscribe")).toHaveLength(0)
  await clock.advance(1)
  expect(peer.link.of("unsubscribe")).toHaveLength(1)
  expect(lobby.subscription.state.state).toBe("idle")
})

test("[G3] [F59] delivers each offset once and in order, with its position reached before its listeners run", async () => {
  const { clock, peer, lobby, heard } = await listener()
  const positions: (Position | undefined)[] = []
  lobby.on("say", () => positions.push(lobby.subscription.position))
  peer.link.send(said(1), said(2), said(2), said(1), said(3))
  await clock.settle()
  expect(heard).toEqual([1, 2, 3])
  expect(positions).toEqual([1, 2, 3].map((offset) => ({ epoch: "e1", offset, mark: `k${offset}` })))
})

test("[G4] resumes from its position and tells when everything was recovered", async () => {
  const made = await listener()
  made.peer.link.send(said(1), said(2))
  await made.clock.settle()
  await resumeWith(made, { answer: "recovered", position: at(2) }, said(3), said(4))
  expect(made.peer.link.last("subscribe").position).toEqual({ epoch: "e1", offset: 2, mark: "k2" })
  expect(made.heard).toEqual([1, 2, 3, 4])
  expect(made.gaps).toEqual([])
  expect(made.events).toEqual(["live", "m1", "m2", "subscribing", "live", "recovered", "m3", "m4"])
})

test("[F57] resumes before it ever received a message, from the position of the first answer", async () => {
  const made = await listener()
  await resumeWith(made, { answer: "recovered", position: at(0) }, said(1))
  expect(made.peer.link.last("subscribe").position).toEqual(at(0))
  expect(made.heard).toEqual([1])
})

test("[G4] [F54] [F55] tells what is missing for good before anything newer", async () => {
  const made = await listener()
  made.peer.link.send(said(1))
  await made.clock.settle()
  await resumeWith(made, { answer: "unrecoverable", reason: "trimmed", position: at(9) }, said(10))
  expect(made.gaps).toEqual([{ channel: "chat/lobby", reason: "trimmed", from: 2, to: 9, skipped: undefined }])
  expect(made.events.slice(-2)).toEqual(["gap", "m10"])
})

test("[F56] a new epoch is a gap without bounds, and its offsets count anew", async () => {
  const made = await listener()
  made.peer.link.send(said(1), said(2))
  await made.clock.settle()
  await resumeWith(made, { answer: "unrecoverable", reason: "epoch", position: at(1, "e2") }, said(2))
  expect(made.gaps).toMatchObject([{ reason: "epoch", from: undefined, to: undefined }])
  expect(made.heard).toEqual([1, 2, 2])
  expect(made.lobby.subscription.position).toEqual({ epoch: "e2", offset: 2, mark: "k2" })
})

test("the third answer to a resume, no permission, is final until subscribe() or a new token", async () => {
  const made = await listener()
  made.peer.onMessage = (message, link) => {
    if (message.type === "subscribe") {
      link.send({ type: "error", id: message.id, code: "FORBIDDEN", message: "no", remedy: "", retryable: false })
    } else answerPolitely(message, link)
  }
  made.peer.link.close(1006)
  await made.clock.advance(60_000)
  expect(made.lobby.subscription.state).toMatchObject({ state: "refused", error: { code: "FORBIDDEN" } })
  expect(made.peer.link.of("subscribe")).toHaveLength(1)
  const again = watch(made.lobby.subscribe())
  await made.clock.settle()
  expect(again.code).toBe("FORBIDDEN")
  made.peer.onMessage = answerPolitely
  watch(made.lobby.subscribe())
  await made.clock.settle()
  expect(made.lobby.subscription.state.state).toBe("live")
})

test("a retryable refusal is asked again after the server's hint", async () => {
  const { clock, peer, client } = clientUnderTest()
  let refusals = 2
  peer.onMessage = (message, link) => {
    if (message.type === "subscribe" && refusals-- > 0) {
      link.send({ type: "error", id: message.id, code: "UNAVAILABLE", message: "", remedy: "", retryable: true, retryAfterMs: 3_000 })
    } else answerPolitely(message, link)
  }
  const subscribed = watch(client.channel("chat/lobby").subscribe())
  await clock.advance(2_999)
  expect(peer.link.of("subscribe")).toHaveLength(1)
  await clock.advance(10_000)
  expect(peer.link.of("subscribe")).toHaveLength(3)
  expect(subscribed).toEqual({ value: undefined, code: undefined })
  expect(client.channel("chat/lobby").subscription.state.state).toBe("live")
})

test("[G5] [F61] a hole is noticed at once and filled from the position, asked for once", async () => {
  const { clock, peer, heard } = await listener()
  peer.onMessage = undefined
  peer.link.send(said(1), said(3), said(4))
  peer.link.send(said(5))
  await clock.settle()
  expect(heard).toEqual([1])
  expect(peer.link.of("subscribe")).toHaveLength(2)
  const ask = peer.link.last("subscribe")
  expect(ask.position).toEqual({ epoch: "e1", offset: 1, mark: "k1" })
  peer.link.send(subscribedTo(ask.id, { answer: "recovered", position: at(1) }), said(2), said(3), said(4), said(5), said(6))
  await clock.settle()
  expect(heard).toEqual([1, 2, 3, 4, 5, 6])
  expect(peer.link.of("subscribe")).toHaveLength(2)
})

test("a hole that the server never fills is asked for with growing patience", async () => {
  const { clock, peer } = await listener()
  peer.onMessage = (message, link) => {
    answerPolitely(message, link)
    if (message.type === "subscribe") link.send(said(3))
  }
  peer.link.send(said(3))
  await clock.advance(30_000)
  expect(peer.link.of("subscribe").length).toBeGreaterThan(3)
  expect(peer.link.of("subscribe").length).toBeLessThan(40)
})

test("[G5] [F61] on an idle channel the server's beacon and a pong that is ahead expose a hole", async () => {
  const { clock, peer } = await listener()
  peer.link.send({ type: "position", channel: "chat/lobby", position: at(0) })
  await clock.settle()
  expect(peer.link.of("subscribe")).toHaveLength(1)
  peer.link.send({ type: "position", channel: "chat/lobby", position: at(2) })
  await clock.settle()
  expect(peer.link.of("subscribe")).toHaveLength(2)
  peer.link.send(said(1))
  await clock.settle()
  await clock.until(() => peer.link.of("ping").length > 0)
  expect(peer.link.last("ping").positions).toEqual(new Map([["chat/lobby", 1]]))
  peer.link.send({ type: "pong", id: 999, ahead: new Map([["chat/lobby", at(2)]]) }, said(2))
  await clock.advance(2_000)
  expect(peer.link.of("subscribe")).toHaveLength(2)
  peer.link.send({ type: "pong", id: 999, ahead: new Map([["chat/lobby", at(3)]]) })
  await clock.advance(2_000)
  expect(peer.link.of("subscribe")).toHaveLength(3)
  peer.link.send({ type: "pong", id: 999, unknown: ["chat/lobby"] })
  await clock.advance(20_000)
  expect(peer.link.of("subscribe")).toHaveLength(4)
})

test("[G4] a gap in a live subscription is told, and it goes on behind it", async () => {
  const { clock, peer, heard, gaps } = await listener()
  peer.link.send({ type: "gap", channel: "chat/lobby", reason: "slow", from: 1, to: 4, position: at(4) }, said(5))
  await clock.settle()
  expect(gaps).toEqual([{ channel: "chat/lobby", reason: "slow", from: 1, to: 4, skipped: undefined }])
  expect(heard).toEqual([5])
})

test("a subscription that the server ends is refused with its code", async () => {
  const { clock, peer, lobby, heard } = await listener()
  peer.link.send({ type: "unsubscribed", channel: "chat/lobby", code: "FORBIDDEN", message: "revoked" }, said(1))
  await clock.settle()
  expect(lobby.subscription.state).toMatchObject({ state: "refused", error: { code: "FORBIDDEN" } })
  expect(heard).toEqual([])
})

test("[F66] whatever the order of subscribe and unsubscribe, only messages after the newest answer count", async () => {
  const { clock, peer, lobby, heard } = await listener()
  peer.onMessage = undefined
  for (let round = 0; round < 1_000; round++) {
    watch(lobby.unsubscribe())
    watch(lobby.subscribe())
  }
  await clock.settle()
  const asks = peer.link.of("subscribe").slice(1)
  expect(asks).toHaveLength(1_000)
  expect(peer.link.received.at(-1)?.type).toBe("subscribe")
  peer.link.send(said(1))
  for (const ask of asks.slice(0, -1)) peer.link.send(subscribedTo(ask.id), said(1))
  await clock.settle()
  expect(heard).toEqual([])
  expect(lobby.subscription.state.state).toBe("subscribing")
  peer.link.send(subscribedTo(asks.at(-1)?.id, { position: at(7) }), said(8))
  await clock.settle()
  expect(heard).toEqual([8])
})

test("[F66] an unsubscribe that is answered late does not end the subscription made after it", async () => {
  const { clock, peer, lobby, heard } = await listener()
  peer.onMessage = undefined
  watch(lobby.unsubscribe())
  watch(lobby.subscribe())
  await clock.settle()
  peer.link.send({ type: "unsubscribed", id: peer.link.last("unsubscribe").id, channel: "chat/lobby" })
  peer.link.send(subscribedTo(peer.link.last("subscribe").id), said(1))
  await clock.settle()
  expect(lobby.subscription.state.state).toBe("live")
  expect(heard).toEqual([1])
})

test("begins with the newest messages when asked: the answer names the place before them", async () => {
  for (const position of [at(8)]) {
    const { clock, peer, client } = clientUnderTest()
    const lobby = client.channel("chat/lobby")
    peer.onMessage = (message, link) => {
      if (message.type === "subscribe") link.send(subscribedTo(message.id, { position }), said(9), said(10), said(11))
      else answerPolitely(message, link)
    }
    const heard: unknown[] = []
    watch(lobby.subscribe({ last: 2 }))
    lobby.on("say", (message) => heard.push(message.offset))
    await clock.settle()
    expect(peer.link.last("subscribe").last).toBe(2)
    expect(heard).toEqual([9, 10, 11])
  }
})

test("a listener that throws is reported, the others still run and the position advances", async () => {
  const { clock, peer, lobby, heard, errors } = await listener()
  const order: string[] = []
  lobby.on("say", () => {
    order.push("first")
    throw new Error("mine")
  })
  const off = lobby.on("say", () => {
    order.push("second")
    off()
  })
  lobby.on("say", () => order.push("third"))
  peer.link.send(said(1), said(2))
  await clock.settle()
  expect(order).toEqual(["first", "second", "third", "first", "third"])
  expect(errors).toEqual(["INTERNAL", "INTERNAL"])
  expect(heard).toEqual([1, 2])
})

test("with the contract, data is transformed on its way in; what it refuses is reported, not delivered, and passed over", async () => {
  const { clock, peer, client, errors } = clientUnderTest({ contract: app })
  const counts: number[] = []
  const lobby = client.channel("chat/lobby")
  lobby.on("count", (message) => counts.push(message.data))
  await clock.settle()
  const count = (offset: number, data: unknown): DownMessage => ({
    type: "message",
    channel: "chat/lobby",
    name: "count",
    data,
    at: 0,
    offset,
  })
  peer.link.send(count(1, "41"), count(2, { not: "text" }), count(3, "43"))
  await clock.settle()
  expect(counts).toEqual([41, 43])
  expect(errors).toEqual(["BAD_REQUEST"])
  expect(lobby.subscription.position?.offset).toBe(3)
})

test("[F65] positions live outside the payload: data that looks like one changes nothing", async () => {
  const { clock, peer, lobby } = await listener()
  const data = { text: "x", offset: 99, position: at(99), epoch: "evil" }
  peer.link.send({ type: "message", channel: "chat/lobby", name: "say", data, at: 0, offset: 1 })
  peer.link.send({ type: "message", channel: "chat/lobby", name: "say", data: '{"offset":50}', at: 0, offset: 2 })
  await clock.settle()
  expect(lobby.subscription.position).toMatchObject(at(2))
})

test("a subscription that is catching up when the pong says ahead is left to it", async () => {
  const { clock, peer, heard, client } = await listener()
  peer.link.send({ type: "pong", id: 999, ahead: new Map([["chat/lobby", at(3)]]) })
  await clock.advance(500)
  peer.link.send(said(1))
  await clock.advance(2_000)
  expect(heard).toEqual([1])
  expect(peer.link.of("subscribe")).toHaveLength(1)
  peer.link.send({ type: "pong", id: 999, ahead: new Map([["chat/lobby", at(3)]]) })
  await clock.settle()
  const closing = client.close()
  await clock.settle()
  await closing
  expect(clock.pendingTimers).toBe(0)
})

test("a listener that comes back in time, or subscribe(), keeps the channel", async () => {
  const { clock, peer, lobby, dispose } = await listener()
  dispose()
  await clock.advance(500)
  const again = lobby.on("say", () => {})
  await clock.advance(5_000)
  again()
  await clock.advance(500)
  watch(lobby.subscribe())
  await clock.advance(5_000)
  expect(peer.link.received.map(({ type }) => type).filter((type) => type.endsWith("subscribe"))).toEqual(["subscribe"])
})

test("what was asked already is not asked again by subscribe()", async () => {
  const { clock, peer, client } = clientUnderTest()
  await clock.settle()
  client.channel("chat/lobby").on("say", () => {})
  const subscribed = watch(
    client
      .channel("chat/lobby")
      .subscribe()
      .then(() => true),
  )
  await clock.settle()
  expect(subscribed.value).toBe(true)
  expect(peer.link.of("subscribe")).toHaveLength(1)
})

test("a listener of the state that leaves while the server asks to wait is obeyed", async () => {
  const { clock, peer, lobby } = await listener()
  lobby.subscription.on("state", ({ state }) => {
    if (state === "subscribing") watch(lobby.unsubscribe())
  })
  peer.link.send({ type: "unsubscribed", channel: "chat/lobby", code: "UNAVAILABLE", message: "moving" })
  await clock.advance(60_000)
  expect(lobby.subscription.state.state).toBe("idle")
  expect(peer.link.of("subscribe")).toHaveLength(1)
})
