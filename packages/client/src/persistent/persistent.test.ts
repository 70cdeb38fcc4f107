import { isMagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import { connect } from "../index.ts"
import { memoryLanes } from "../lanes/memory-lanes.ts"
import { listed, say, setUp, states } from "./one-life.fixture.ts"
import { persistent } from "./persistent.ts"

const HOUR_MS = 3_600_000

test("a message is pending until it leaves, sent until its outcome is known, and confirmed with its receipt", async () => {
  const { clock, life, store, disk } = await setUp()
  const seen = say(life, "a")
  expect(listed(life)).toEqual(["a pending"])
  expect(life.outbox.messages[0]?.kept).toBe(false)
  await clock.advance(100)
  expect(life.changes.map(({ kept }) => kept)).toEqual([false, true, true])
  expect(listed(life)).toEqual(["a sent"])
  await store()
  expect(states(life)).toEqual(["a pending", "a sent", "a confirmed"])
  expect(life.changes.at(-1)).toMatchObject({ receipt: seen.value, restored: false, channel: "chat/lobby", name: "say", error: undefined })
  expect(new Set(life.changes.map(({ id }) => id)).size).toBe(1)
  expect(listed(life)).toEqual([])
  expect(disk.rows().map(([key]) => key)).toEqual(["owner", "numbers/chat/lobby"])
})

test("[G2] nothing leaves before its number is on the disk", async () => {
  const { clock, peer, life, disk, store } = await setUp()
  const numbersOnDisk = () => disk.rows().flatMap(([, row]) => (row as { sequence?: number }).sequence ?? [])
  for (const texts of [["a"], ["b", "c"]]) {
    const before = peer.link.of("publish").length
    for (const text of texts) say(life, text)
    while (peer.link.of("publish").length === before) {
      expect(numbersOnDisk()).toHaveLength(0)
      await clock.advance(1)
    }
    expect(numbersOnDisk()).toEqual(texts.map((_, index) => before + 1 + index))
    await store()
  }
})

test("[G2] what could not leave before a reload leaves after it, in order and before what is sent then", async () => {
  const { clock, peer, life, begin, store, log, offline } = await setUp()
  await offline()
  for (const text of ["a", "b", "c"]) say(life, text)
  await clock.advance(100)
  life.kill()
  peer.accepts = true
  const next = begin()
  const seen = say(next, "d")
  await clock.advance(3_000)
  expect(listed(next)).toEqual(["a sent", "b pending", "c pending", "d pending"])
  expect(next.outbox.messages.map(({ restored }) => restored)).toEqual([true, true, true, false])
  await store()
  expect(log()).toEqual(["a", "b", "c", "d"])
  expect(seen.value?.position.offset).toBe(4)
})

test("[G2] [F51] what was stored when the page died, and not acknowledged, is known again: same number, same position", async () => {
  const { clock, life, begin, server, store, log, sequences } = await setUp()
  say(life, "a")
  say(life, "b")
  await clock.advance(100)
  server.answer(1, "store")
  life.kill()
  await clock.settle()
  const next = begin()
  await clock.advance(3_000)
  await store()
  expect(sequences()).toEqual([1, 2])
  expect(log()).toEqual(["a", "b"])
  expect(next.changes.filter(({ state }) => state === "confirmed")).toMatchObject([
    { data: { text: "a" }, restored: true, receipt: { duplicate: true, position: { offset: 1 } } },
    { data: { text: "b" }, restored: true, receipt: { duplicate: false, position: { offset: 2 } } },
  ])
})

test("[G2] works after 24 hours without a network, reloads included", async () => {
  const { clock, peer, life, begin, store, log, offline } = await setUp()
  say(life, "left")
  await clock.advance(100)
  await offline()
  say(life, "waits")
  await clock.advance(12 * HOUR_MS)
  life.kill()
  const next = begin()
  await clock.advance(12 * HOUR_MS - 60_000)
  peer.accepts = true
  await clock.advance(60_000)
  await store()
  expect(log()).toEqual(["left", "waits"])
  expect(listed(next)).toEqual([])
})

test("[F52] what is older than the server remembers expires openly, at a reload as on an open page, and never leaves again", async () => {
  for (const reloads of [true, false]) {
    const { clock, peer, life, begin, store, log, offline } = await setUp()
    const old = say(life, "old")
    await clock.advance(100)
    await offline()
    await clock.advance(HOUR_MS)
    say(life, "young")
    await clock.advance(47.5 * HOUR_MS)
    if (reloads) life.kill()
    const next = reloads ? begin() : life
    peer.accepts = true
    await clock.until(() => next.client.status.state === "online")
    await store()
    expect(log()).toEqual(["young"])
    expect(next.changes.find(({ state }) => state === "expired")).toMatchObject({ data: { text: "old" }, error: { code: "EXPIRED" } })
    expect(old.code).toBe(reloads ? undefined : "EXPIRED")
    expect(listed(next)).toEqual([])
  }
})

test("[F52] a server that has forgotten the producer gets nothing twice: what may have been stored ends as expired", async () => {
  const { clock, life, begin, server, store, log } = await setUp()
  for (const text of ["a", "b"]) say(life, text)
  await clock.advance(100)
  server.answer(1, "store")
  await clock.advance(100)
  server.answer(1, "store and lose the link")
  life.kill()
  server.forget(() => true)
  const next = begin()
  await clock.advance(3_000)
  await store()
  expect(states(next)).toEqual(["b sent", "b expired"])
  expect(log()).toEqual(["a", "b"])
})

test("[F53] clients at the same time have lanes and producers of their own, and the next one takes up what one of them left", async () => {
  const { clock, peer, life, begin, store, log, disk } = await setUp()
  const other = begin()
  await clock.advance(100)
  say(life, "mine")
  say(other, "yours")
  await clock.advance(100)
  const producers = peer.links.map((link) => link.last("hello").producer)
  expect(new Set(producers).size).toBe(2)
  expect(disk.rows().filter(([key]) => key === "owner")).toHaveLength(2)
  const closing = life.client.close()
  await clock.advance(2_000)
  await closing
  // The lane of the other is held, the one with something in it goes before an empty one.
  const next = begin()
  await clock.advance(3_000)
  expect(listed(next)).toEqual(["mine sent"])
  expect(peer.link.last("hello").producer).toBe(producers[0])
  await store()
  expect([...log()].sort()).toEqual(["mine", "yours"])
})

test("[F53] a copied store is fenced: what its twin may have stored is a conflict, what never left goes out", async () => {
  const { clock, life, begin, store, log, steal } = await setUp()
  say(life, "left")
  await clock.advance(100)
  say(life, "waits")
  life.kill()
  // The twin holds our producer, in a session of its own.
  steal()
  const next = begin()
  say(next, "new")
  await clock.advance(3_000)
  expect(next.changes.find(({ state }) => state === "rejected")).toMatchObject({ data: { text: "left" }, error: { code: "CONFLICT" } })
  await store()
  expect(log().filter((text) => text === "left")).toHaveLength(1)
  expect(log().at(-1)).toBe("new")
  expect(listed(next)).toEqual([])
})

test("another user never sends what a user has left; what an anonymous one could not send goes out when somebody logs in", async () => {
  for (const [before, code] of [
    ["ann", "CONFLICT"],
    [undefined, undefined],
  ] as const) {
    const { clock, peer, user, begin, store, log, offline } = await setUp()
    user.id = before
    const first = begin()
    await clock.advance(100)
    await offline()
    say(first, "mine")
    await clock.advance(100)
    first.kill()
    peer.accepts = true
    user.id = "bob"
    const next = begin()
    await clock.advance(3_000)
    await store()
    expect(next.changes.find(({ state }) => state === "rejected")?.error?.code).toBe(code)
    expect(log()).toEqual(code ? [] : ["mine"])
  }
})

test("what was sent on a channel that turns out to be a broadcast goes out once, and is not kept", async () => {
  const { clock, peer, life, disk, offline } = await setUp()
  peer.onMessage = (message, link) => {
    if (message.type === "hello") link.welcome({ session: "s", channels: new Map([["chat/:room", "broadcast"]]) })
  }
  await offline()
  say(life, "a")
  await clock.advance(100)
  peer.accepts = true
  await clock.until(() => life.client.status.state === "online")
  await clock.advance(100)
  expect(peer.link.of("publish").map(({ sequence }) => sequence)).toEqual([undefined])
  expect(disk.rows().filter(([key]) => key.startsWith("message/"))).toEqual([])
})

test("options are checked at the door, and an outbox serves one client", () => {
  const field = (run: () => unknown): unknown => {
    try {
      run()
    } catch (thrown) {
      return isMagpieError(thrown) && thrown.code === "INVALID_OPTIONS" ? thrown.details?.field : thrown
    }
    return undefined
  }
  expect(field(() => persistent({ name: "" }))).toBe("name")
  expect(field(() => persistent({ name: 1 as never }))).toBe("name")
  for (const maxAgeMs of [0, Number.NaN, "1" as never]) expect(field(() => persistent({ name: "x", maxAgeMs }))).toBe("maxAgeMs")
  expect(field(() => connect("ws://test", { lazy: true, outbox: {} as never }))).toBe("outbox")
  const outbox = persistent({ name: "x", lanes: memoryLanes() })
  connect("ws://test", { lazy: true, outbox })
  expect(field(() => connect("ws://test", { lazy: true, outbox }))).toBe("outbox")
})
