import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { clientUnderTest, said, watch } from "../client-under-test.fixture.ts"
import { at, listener, resumeWith, subscribedTo } from "./listener.fixture.ts"

/** A lobby with so many messages, which answers as a server does. */
function logOf(made: Awaited<ReturnType<typeof listener>>, newest: number, epoch = "e1"): void {
  made.peer.onMessage = (message, link) => {
    if (message.type !== "subscribe") return answerPolitely(message, link)
    const { id, last, position } = message
    const offset = position?.offset ?? (last === undefined ? newest : Math.max(0, newest - last))
    const answer = position === undefined ? "new" : "recovered"
    link.send(subscribedTo(id, { answer, position: at(offset, epoch) }))
    for (let next = offset + 1; next <= newest; next++) link.send(said(next))
  }
}

test("[G3] a later start further back gives only what nobody was given before", async () => {
  const made = await listener()
  made.peer.link.send({ type: "gap", channel: "chat/lobby", reason: "slow", from: 1, to: 5, position: at(5) }, said(6), said(7))
  await made.clock.settle()
  logOf(made, 8)
  const loop = made.lobby.messages({ last: 6 })[Symbol.asyncIterator]()
  await made.clock.settle()
  expect(made.heard).toEqual([6, 7, 8])
  expect((await loop.next()).value?.offset).toBe(8)
  watch(made.lobby.subscribe({ position: at(1) }))
  await made.clock.settle()
  made.peer.link.send(said(9))
  await made.clock.settle()
  expect(made.heard).toEqual([6, 7, 8, 9])
  expect(made.gaps).toHaveLength(1)
})

test("a subscription that has delivered nothing yet gives the last messages that are asked for", async () => {
  const made = await listener()
  made.peer.onMessage = undefined
  await resumeWith(made, { answer: "unrecoverable", reason: "epoch", position: at(20, "e2") })
  logOf(made, 20, "e2")
  watch(made.lobby.subscribe({ last: 3 }))
  await made.clock.settle()
  expect(made.heard).toEqual([18, 19, 20])
})

test("[G4] a later start further ahead leaves out nothing: the subscription goes on from where it was", async () => {
  for (const start of [{ last: 2 }, { position: at(10) }]) {
    const made = await listener()
    made.peer.link.send(said(1), said(2))
    await made.clock.settle()
    logOf(made, 12)
    made.peer.link.close(1006)
    const subscribed = watch(made.lobby.subscribe(start).then(() => true))
    await made.clock.until(() => made.client.status.state === "online")
    await made.clock.settle()
    expect(made.heard).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
    expect([made.gaps, subscribed.value]).toEqual([[], true])
  }
})

test("[F56] a later start in a log that began anew is a gap", async () => {
  const made = await listener()
  made.peer.link.send(said(1))
  await made.clock.settle()
  logOf(made, 3, "e2")
  watch(made.lobby.subscribe({ last: 3 }))
  await made.clock.settle()
  expect(made.heard).toEqual([1, 1, 2, 3])
  expect(made.gaps).toMatchObject([{ reason: "epoch", from: undefined, to: undefined }])
})

test("after unsubscribe a start is taken as it is", async () => {
  const made = await listener()
  made.peer.link.send(said(1), said(2))
  await made.clock.settle()
  watch(made.lobby.unsubscribe())
  logOf(made, 12)
  watch(made.lobby.subscribe({ last: 2 }))
  await made.clock.settle()
  watch(made.lobby.unsubscribe())
  watch(made.lobby.subscribe({ last: 1 }))
  await made.clock.settle()
  expect(made.heard).toEqual([1, 2, 11, 12, 12])
  expect(made.gaps).toEqual([])
})

test("a subscribe whose signal fires before the answer leaves the channel again, unless somebody else needs it", async () => {
  const { clock, peer, client } = clientUnderTest()
  await clock.settle()
  peer.onMessage = undefined
  const lobby = client.channel("chat/lobby")
  const controller = new AbortController()
  const aborted = watch(lobby.subscribe({ signal: controller.signal }))
  const other = new AbortController()
  watch(lobby.subscribe({ signal: other.signal }))
  controller.abort()
  await clock.advance(2_000)
  expect(aborted.code).toBe("ABORTED")
  expect(peer.link.of("unsubscribe")).toEqual([])
  other.abort()
  await clock.advance(999)
  expect(peer.link.of("unsubscribe")).toEqual([])
  await clock.advance(1)
  expect(peer.link.of("unsubscribe")).toHaveLength(1)
  expect(lobby.subscription.state.state).toBe("idle")
  watch(lobby.subscribe({ signal: AbortSignal.abort() }))
  await clock.advance(2_000)
  expect(peer.link.of("subscribe")).toHaveLength(1)
})

test("a signal that fires after the answer, or beside a listener, takes nothing away", async () => {
  const { clock, peer, lobby, dispose } = await listener()
  peer.onMessage = undefined
  const controller = new AbortController()
  watch(lobby.subscribe({ last: 1, signal: controller.signal }))
  await clock.settle()
  controller.abort()
  await clock.advance(2_000)
  expect(peer.link.of("unsubscribe")).toEqual([])
  peer.link.send(subscribedTo(peer.link.last("subscribe").id))
  const later = new AbortController()
  watch(lobby.subscribe({ signal: later.signal }))
  await clock.settle()
  later.abort()
  dispose()
  await clock.advance(2_000)
  expect(peer.link.of("unsubscribe")).toEqual([])
})

test("what is refused for its rate is asked again ever later, and not all in one moment", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.onMessage = (message, link) => {
    if (message.type !== "subscribe") return answerPolitely(message, link)
    link.send({ type: "error", id: message.id, code: "RATE_LIMITED", message: "", remedy: "", retryable: true, retryAfterMs: 5 })
  }
  for (let index = 0; index < 100; index++) client.channel(`chat/${index}`).on("say", () => {})
  await clock.advance(50)
  expect(peer.link.of("subscribe").length).toBeLessThan(140)
  await clock.advance(10_000)
  const until = peer.link.of("subscribe").length
  expect(until).toBeGreaterThan(300)
  expect(until).toBeLessThan(1_000)
})
