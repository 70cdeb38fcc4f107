import { expect, test } from "vitest"
import { listed, say, setUp } from "./one-life.fixture.ts"

test("what the server takes no frame for is rejected, and what waits behind it leaves", async () => {
  const { clock, peer, life, store, log, offline } = await setUp()
  await offline()
  const big = say(life, "x".repeat(70_000))
  say(life, "small")
  await clock.advance(100)
  peer.accepts = true
  await clock.until(() => life.client.status.state === "online")
  await clock.advance(1_000)
  await store()
  expect(log()).toEqual(["small"])
  expect(big.code).toBe("TOO_LARGE")
  expect(listed(life)).toEqual([])
})

test("[G10] what waits for its number to be kept does not leave on the link of another user", async () => {
  const { clock, user, begin, disk, store, log, cut } = await setUp()
  user.id = "ann"
  const page = begin()
  await clock.advance(100)
  disk.maxDelayMs = 100_000
  const seen = say(page, "ann's")
  await clock.settle()
  user.id = "bob"
  cut()
  await clock.advance(5_000)
  expect(page.client.status).toMatchObject({ state: "online", user: "bob" })
  disk.maxDelayMs = 20
  await clock.advance(300_000)
  await store()
  expect(log()).toEqual([])
  expect(seen.code).toBe("CONFLICT")
})

test("[G3] a disk that is slower than the next link brings nothing out of order", async () => {
  const { clock, life, server, disk, store, log, cut } = await setUp()
  const refused = say(life, "a")
  await clock.advance(100)
  disk.maxDelayMs = 100_000
  say(life, "b")
  await clock.settle()
  server.answer(1, "refuse")
  await clock.settle()
  cut()
  await clock.advance(5_000)
  expect(life.client.status.state).toBe("online")
  say(life, "c")
  await clock.settle()
  disk.maxDelayMs = 20
  await clock.advance(300_000)
  await store()
  expect(refused.code).toBe("FORBIDDEN")
  expect(log()).toEqual(["b", "c"])
})
