import type { MagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import { connect } from "../index.ts"
import { memoryLanes } from "../lanes/memory-lanes.ts"
import { say, setUp } from "./one-life.fixture.ts"
import { persistent } from "./persistent.ts"

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
  expect(await disk.lanes(clock).open(1)).toBeDefined()
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

test("[F53] links of later pages have higher numbers, also where the machine's clock was put back between them", async () => {
  const { clock, peer, life, begin } = await setUp()
  say(life, "left")
  await clock.advance(100)
  const numberOf = (): number => Number(peer.link.of("hello")[0]?.link)
  const before = numberOf()
  life.kill()
  clock.jumpWallClock(-24 * 3_600_000)
  begin()
  await clock.advance(3_000)
  expect(numberOf()).toBeGreaterThan(before)
})
