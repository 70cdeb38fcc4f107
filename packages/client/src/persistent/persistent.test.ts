import { isMagpieError, type MagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import { watch } from "../client-under-test.fixture.ts"
import { connect } from "../index.ts"
import { memoryLanes } from "../lanes/memory-lanes.ts"
import { type Life, machineWithLives } from "./lives.fixture.ts"
import { persistent } from "./persistent.ts"

const HOUR_MS = 3_600_000

const say = ({ client }: Life, text: string, options = {}) => watch(client.channel("chat/lobby").send("say", { text }, options))
const textOf = ({ data }: { readonly data: unknown }): string => (data as { text: string }).text
/** What became of each message, without what only became durable. */
const states = ({ changes }: Life): string[] => {
  const told = changes.map((change) => `${textOf(change)} ${change.state}`)
  return told.filter((each, index) => told.indexOf(each) === index)
}
const listed = ({ outbox }: Life): string[] => outbox.messages.map((message) => `${textOf(message)} ${message.state}`)

/** A machine with one life that is online, and a way to have the server answer everything. */
async function setUp(options: Parameters<typeof machineWithLives>[0] = {}) {
  const world = machineWithLives(options)
  const life = world.begin()
  await world.clock.advance(100)
  /** What came in is stored, for as long as more comes in. */
  async function store(): Promise<void> {
    do {
      world.server.answer(world.server.waiting, "store")
      await world.clock.advance(2_000)
    } while (world.server.waiting > 0)
  }
  const log = (): readonly string[] => world.server.logs.get("chat/lobby") ?? []
  /** The link breaks, and no other comes. */
  async function offline(): Promise<void> {
    world.peer.accepts = false
    world.cut()
    await world.clock.settle()
  }
  const sequences = (): unknown[] => world.peer.link.of("publish").map(({ sequence }) => sequence)
  return { ...world, life, store, offline, log, sequences }
}

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
  const { clock, peer, life, disk } = await setUp()
  say(life, "a")
  say(life, "b")
  while (peer.link.of("publish").length === 0) {
    const numbered = disk.rows().filter(([, row]) => (row as { sequence?: number }).sequence !== undefined)
    expect(numbered).toHaveLength(0)
    await clock.advance(1)
  }
  const rows = disk.rows().filter(([key]) => key.startsWith("message/"))
  expect(rows.map(([, row]) => (row as { sequence?: number }).sequence)).toEqual([1, 2])
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
  expect(listed(next)).toEqual(["a sent", "b sent", "c sent", "d sent"])
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

test("a refusal by the server is told when it is on the disk, and by the next life where this one could not", async () => {
  const { clock, life, begin, server, disk, store } = await setUp()
  const seen = say(life, "a")
  await clock.advance(100)
  disk.room = false
  server.answer(1, "refuse")
  await clock.advance(60_000)
  expect([seen.code, states(life).at(-1)]).toEqual([undefined, "a sent"])
  disk.room = true
  await clock.advance(20_000)
  expect([seen.code, states(life).at(-1)]).toEqual(["FORBIDDEN", "a rejected"])

  say(life, "b")
  await clock.advance(100)
  server.answer(1, "refuse")
  await clock.until(() => disk.rows().some(([, row]) => (row as { refusal?: unknown }).refusal !== undefined))
  const told = states(life).includes("b rejected")
  life.kill()
  const next = begin()
  await clock.advance(3_000)
  await store()
  expect(told || states(next).includes("b rejected")).toBe(true)
  expect(server.logs.size).toBe(0)
})

test("a message that its sender takes back before it left is not sent by a later life either", async () => {
  const { clock, peer, life, begin, store, log, offline } = await setUp()
  await offline()
  const stop = new AbortController()
  const seen = say(life, "a", { signal: stop.signal })
  say(life, "b")
  await clock.advance(100)
  stop.abort()
  await clock.advance(100)
  expect(seen.code).toBe("ABORTED")
  expect(states(life)).toEqual(["a pending", "b pending", "a rejected"])
  life.kill()
  peer.accepts = true
  begin()
  await clock.advance(3_000)
  await store()
  expect(log()).toEqual(["b"])
})

test("what cannot be kept is refused to its sender, and what is kept already waits until there is room", async () => {
  const { clock, peer, life, disk, store, log, offline } = await setUp()
  await offline()
  say(life, "kept")
  await clock.advance(100)
  disk.room = false
  const seen = say(life, "no room")
  await clock.advance(100)
  expect(seen.code).toBe("LIMIT_EXCEEDED")
  expect(states(life).at(-1)).toBe("no room rejected")
  peer.accepts = true
  await clock.until(() => life.client.status.state === "online")
  await clock.advance(100)
  expect(peer.link.of("publish")).toHaveLength(0)
  disk.room = true
  await clock.advance(20_000)
  await store()
  expect(log()).toEqual(["kept"])
  expect(new Set(life.errors)).toEqual(new Set(["LIMIT_EXCEEDED"]))
})

test("[G12] close keeps what is not confirmed, says CLOSED to its sender, and leaves no timer and no lane behind", async () => {
  const { clock, life, begin, disk, store, log } = await setUp()
  const seen = say(life, "a")
  await clock.advance(100)
  const late = say(life, "b")
  const closing = life.client.close()
  await clock.advance(2_000)
  await closing
  expect([seen.code, late.code]).toEqual(["CLOSED", "CLOSED"])
  expect(clock.pendingTimers).toBe(0)
  expect(disk.rows().filter(([key]) => key.startsWith("message/"))).not.toHaveLength(0)
  const next = begin()
  await clock.advance(3_000)
  await store()
  expect(log()).toEqual(["a", "b"].slice(0, log().length))
  const last = next.client.close()
  await clock.advance(2_000)
  await last
  expect(disk.rows()).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test("a client that is closed while its lane opens holds nothing", async () => {
  const { clock, begin, disk } = await setUp()
  const hasty = begin()
  say(hasty, "a")
  const closing = hasty.client.close()
  await clock.advance(2_000)
  await closing
  expect(await disk.lanes().open(1)).toBeDefined()
})

test("where no lane is free the client reports it, and connects when one is", async () => {
  const { machine } = await setUp()
  const lanes = memoryLanes()
  const held = await Promise.all(Array.from({ length: 16 }, (_, lane) => lanes.open(lane)))
  const errors: string[] = []
  const client = connect("ws://test", { environment: machine, outbox: persistent({ name: "test", lanes }) })
  client.on("error", ({ code }) => errors.push(code))
  await machine.clock.advance(1_000)
  expect(client.status.state).toBe("reconnecting")
  expect(new Set(errors)).toEqual(new Set(["LIMIT_EXCEEDED"]))
  await held[3]?.close()
  await machine.clock.until(() => client.status.state === "online")
})

test("rows of a newer version are left alone, and the client says so", async () => {
  const lanes = memoryLanes()
  const lane = await lanes.open(0)
  const rows = new Map([
    ["owner", { version: 2, producer: "p", session: "s" }],
    ["message/000000000001", {}],
  ])
  await lane?.write(rows)
  await lane?.close()
  const { machine, clock } = await setUp()
  const client = connect("ws://test", { environment: machine, outbox: persistent({ name: "test", lanes }) })
  const errors: MagpieError[] = []
  client.on("error", (error) => errors.push(error))
  await clock.advance(100)
  expect(errors[0]).toMatchObject({ code: "INVALID_OPTIONS", details: { field: "outbox" } })
  const closing = client.close()
  await clock.advance(1_000)
  await closing
  expect((await lanes.open(0))?.rows).toEqual(rows)
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
