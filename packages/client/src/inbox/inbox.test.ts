import type { Message } from "@magpie/protocol"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { expect, test } from "vitest"
import { app, clientUnderTest, said } from "../client-under-test.fixture.ts"
import { connect } from "../index.ts"
import { memoryLanes } from "../lanes/memory-lanes.ts"
import { openLane } from "../lanes/open-lane.ts"
import { at, subscribedTo } from "../subscription/listener.fixture.ts"
import { inbox } from "./inbox.ts"
import type { KeptReceived } from "./kept-channel.ts"

/** A page that keeps the lobby, on a place that outlives it. */
function page(lanes = memoryLanes(), options: { readonly keep?: number; readonly contract?: typeof app } = {}) {
  const { keep, ...rest } = options
  const made = clientUnderTest(rest)
  const box = inbox({ name: "test", lanes })
  const kept = box.channel(made.client.channel("chat/lobby"), keep === undefined ? {} : { keep })
  const heard: string[] = []
  kept.on("message", (message) => heard.push(`${message.cached ? "cached" : "new"} ${textOf(message)}`))
  kept.on("clear", () => heard.push("clear"))
  async function leave(): Promise<void> {
    const closing = made.client.close()
    await made.clock.advance(2_000)
    await closing
  }
  return { ...made, lanes, box, kept, heard, leave }
}

const textOf = ({ data }: { readonly data: unknown }): string => (data as { text: string }).text
const texts = (messages: readonly { readonly data: unknown }[]): string[] => messages.map(textOf)

/** A page that has seen so many messages, and is gone. */
async function seen(count: number, options: Parameters<typeof page>[1] = {}) {
  const first = page(memoryLanes(), options)
  await first.clock.settle()
  for (let offset = 1; offset <= count; offset++) first.peer.link.send(said(offset))
  await first.clock.settle()
  await first.leave()
  return first.lanes
}

test("a new device asks for the newest messages, as many as it keeps", async () => {
  const { clock, peer, heard, kept } = page(memoryLanes(), { keep: 20 })
  await clock.settle()
  expect(peer.link.of("subscribe")).toMatchObject([{ last: 20 }])
  peer.link.send(said(1), said(2))
  await clock.settle()
  expect(heard).toEqual(["new m1", "new m2"])
  expect(texts(kept.messages)).toEqual(["m1", "m2"])
})

test("[G4] after a reload what was seen is there before a link is, and the server gives only what came since", async () => {
  const lanes = await seen(3)
  const { clock, peer, heard, kept } = page(lanes)
  peer.accepts = false
  await clock.settle()
  expect(heard).toEqual(["cached m1", "cached m2", "cached m3"])
  peer.accepts = true
  peer.link.close(1006)
  await clock.advance(5_000)
  expect(peer.link.of("subscribe")).toMatchObject([{ position: { epoch: "e1", offset: 3, mark: "k3" } }])
  peer.link.send(said(4))
  await clock.settle()
  expect(heard.slice(3)).toEqual(["new m4"])
  expect(texts(kept.messages)).toEqual(["m1", "m2", "m3", "m4"])
})

test("a listener that comes later is given what is there first", async () => {
  const { clock, peer, kept, errors } = page(await seen(2))
  await clock.settle()
  peer.link.send(said(3))
  await clock.settle()
  const heard: [string, boolean][] = []
  const off = kept.on("message", (message: KeptReceived<never> | { readonly data: unknown; readonly cached: boolean }) => {
    heard.push([textOf(message), message.cached])
    if (heard.length === 1) throw new Error("a mistake")
  })
  expect(heard).toEqual([
    ["m1", true],
    ["m2", true],
    ["m3", false],
  ])
  expect(errors).toEqual(["INTERNAL"])
  off()
  peer.link.send(said(4))
  await clock.settle()
  expect(heard).toHaveLength(3)
})

test.each([
  ["chat/lobby\n", { epoch: "e1", offset: "3" }],
  ["chat/lobby\n0000000000000002", { name: "say" }],
  ["chat/lobby\n0000000000000002", { name: "say", data: {}, at: 0, offset: 9, mark: "k2" }],
])(
  "[G4] a row %j that nobody has written is reported, and the channel begins anew from the server, for the next page too",
  async (key, row) => {
    const lanes = await seen(3)
    const lane = await lanes.open(0)
    await lane?.write(new Map([[key, row]]))
    await lane?.close()
    const second = page(lanes)
    await second.clock.settle()
    expect(second.errors).toEqual(["UNRECOVERABLE"])
    expect(second.heard).toEqual([])
    expect(second.peer.link.last("subscribe")).toMatchObject({ last: 100 })
    await second.leave()
    const third = page(lanes)
    await third.clock.settle()
    expect([third.errors, third.heard]).toEqual([[], []])
  },
)

test("keeps the newest ones only, on the disk as in memory", async () => {
  const lanes = await seen(10, { keep: 3 })
  const { clock, kept, peer } = page(lanes, { keep: 3 })
  peer.accepts = false
  await clock.settle()
  expect(texts(kept.messages)).toEqual(["m8", "m9", "m10"])
})

test("[G4] a gap clears what is not contiguous any more, here and for the next page", async () => {
  const lanes = await seen(3)
  const second = page(lanes)
  second.peer.onMessage = (message, link) => {
    if (message.type === "subscribe") {
      link.send(subscribedTo(message.id, { answer: "unrecoverable", reason: "trimmed", position: at(20) }))
    } else answerPolitely(message, link)
  }
  await second.clock.settle()
  second.peer.link.send(said(21))
  await second.clock.settle()
  expect(second.heard.slice(3)).toEqual(["clear", "new m21"])
  await second.leave()
  const third = page(lanes)
  await third.clock.settle()
  expect(third.heard).toEqual(["cached m21"])
})

test("[G10] what is no longer allowed is not shown from the copy either", async () => {
  const lanes = await seen(2)
  const second = page(lanes)
  second.peer.onMessage = (message, link) => {
    if (message.type === "subscribe")
      link.send({ type: "error", id: message.id, code: "FORBIDDEN", message: "", remedy: "", retryable: false })
    else answerPolitely(message, link)
  }
  await second.clock.settle()
  expect(second.heard).toEqual(["cached m1", "cached m2", "clear"])
  expect(second.kept.messages).toEqual([])
  await second.leave()
  const third = page(lanes)
  await third.clock.settle()
  expect(third.heard).toEqual([])
})

test("another epoch of the log begins anew", async () => {
  const lanes = await seen(2)
  const { clock, peer, heard } = page(lanes)
  peer.onMessage = (message, link) => {
    if (message.type === "subscribe") {
      link.send(subscribedTo(message.id, { answer: "unrecoverable", reason: "epoch", position: at(0, "e2") }))
    } else answerPolitely(message, link)
  }
  await clock.settle()
  peer.link.send(said(1, "first of e2"))
  await clock.settle()
  expect(heard.slice(2)).toEqual(["clear", "new first of e2"])
})

test("what somebody else had delivered before the copy was read leaves no hole in it", async () => {
  const lanes = await seen(2)
  const made = clientUnderTest()
  const lobby = made.client.channel("chat/lobby")
  lobby.on("say", () => {})
  await made.clock.settle()
  made.peer.link.send({ type: "position", channel: "chat/lobby", position: at(0) })
  for (let offset = 1; offset <= 7; offset++) made.peer.link.send(said(offset))
  await made.clock.settle()
  const kept = inbox({ name: "test", lanes }).channel(lobby)
  await made.clock.settle()
  made.peer.link.send(said(8))
  await made.clock.settle()
  expect(texts(kept.messages)).toEqual(["m8"])
})

test("messages are checked and transformed by the contract when they come back from the device, as when they came", async () => {
  const lanes = memoryLanes()
  const first = page(lanes, { contract: app })
  await first.clock.settle()
  first.peer.link.send({ ...said(1), name: "count", data: "42" } as never, said(2))
  await first.clock.settle()
  await first.leave()
  const second = page(lanes, { contract: app })
  second.peer.accepts = false
  await second.clock.settle()
  expect(second.kept.messages.map(({ data }) => data)).toEqual([42, { text: "m2" }])
})

test("clear forgets what the device has, and goes on from there", async () => {
  const lanes = await seen(2)
  const { clock, peer, kept, heard, leave } = page(lanes)
  await clock.settle()
  kept.clear()
  expect(kept.messages).toEqual([])
  peer.link.send(said(3))
  await clock.settle()
  await leave()
  expect(heard.slice(2)).toEqual(["clear", "new m3"])
  const next = page(lanes)
  await next.clock.settle()
  expect(next.heard).toEqual(["cached m3"])
})

test("clients at the same time keep copies of their own, and the place is free when they are gone [G12]", async () => {
  const lanes = await seen(2)
  const [one, two] = [page(lanes), page(lanes)]
  await one.clock.settle()
  await two.clock.settle()
  expect([one.heard.length, two.heard.length]).toEqual([2, 0])
  await one.leave()
  await two.leave()
  expect([one.clock.pendingTimers, two.clock.pendingTimers]).toEqual([0, 0])
  for (const lane of [0, 1]) expect(await lanes.open(lane)).toBeDefined()
})

test("where nothing can be kept, that is reported, and everything comes from the server", async () => {
  const lanes = memoryLanes()
  for (let lane = 0; lane < 16; lane++) await lanes.open(lane)
  const { clock, peer, heard, errors } = page(lanes)
  await clock.settle()
  peer.link.send(said(1))
  await clock.settle()
  expect(heard).toEqual(["new m1"])
  expect(errors).toEqual(["LIMIT_EXCEEDED"])
})

test("a client that is closed before the copy is read gets nothing, and reports nothing but that", async () => {
  const lanes = await seen(1)
  const { leave, errors, heard } = page(lanes)
  await leave()
  expect(heard).toEqual(["cached m1"])
  expect(errors.filter((code) => code !== "CLOSED")).toEqual([])
})

test("is the same for the same channel, and checks what it is given", () => {
  const { client } = clientUnderTest({ lazy: true, contract: app })
  const box = inbox({ name: "test", lanes: memoryLanes() })
  const lobby = client.channel("chat/lobby")
  expect(box.channel(lobby)).toBe(box.channel(lobby))
  expect(() => inbox({ name: "" })).toThrow(/^INVALID_OPTIONS: name/)
  for (const keep of [0, 1.5, Number.NaN]) expect(() => box.channel(client.channel("chat/x"), { keep })).toThrow(/^INVALID_OPTIONS: keep/)
  const typing = connect("ws://test", { environment: fakeMachine(), lazy: true, contract: app }).channel("typing/x")
  expect(() => box.channel(typing as never)).toThrow(/^BAD_REQUEST: channel must be a stream/)
})

const told = (offset: number, name: string, data: object, more: object = {}) =>
  ({ ...said(offset), name, data, from: "ann", ...more }) as Message

test("a message that was changed is kept as it is now, and of a deleted one nothing is", async () => {
  const first = page()
  await first.clock.settle()
  first.peer.link.send(said(1), said(2), said(3))
  first.peer.link.send(told(4, "$change", { action: "edit", offset: 1, was: 1, data: { text: "m1 edited" } }))
  first.peer.link.send(told(5, "$change", { action: "append", offset: 3, was: 3, field: "text", data: " and more" }))
  first.peer.link.send(told(6, "$change", { action: "delete", offset: 2, was: 2 }), told(9, "$read", { upTo: 3 }, { since: 6 }))
  await first.clock.settle()
  expect(texts(first.kept.messages)).toEqual(["m1 edited", "m3 and more"])
  await first.leave()
  const lane = await openLane(first.lanes, "")
  expect(JSON.stringify([...lane.rows.values()])).not.toContain("m2")
  await lane.close()
  const { clock, peer, heard, kept } = page(first.lanes)
  let changes = 0
  kept.on("change", () => changes++)
  await clock.settle()
  expect(heard).toEqual(["cached m1 edited", "cached m3 and more"])
  expect(peer.link.of("subscribe")).toMatchObject([{ position: { epoch: "e1", offset: 9 } }])
  peer.link.send(
    told(10, "$change", { action: "changed", offset: 1, record: { ...said(1), data: { text: "m1 again" }, changed: { version: 10 } } }),
  )
  await clock.settle()
  expect(heard).toEqual(["cached m1 edited", "cached m3 and more"])
  expect(texts(kept.messages)).toEqual(["m1 again", "m3 and more"])
  expect(changes).toBe(1)
})
