import { expect, test } from "vitest"
import { say, setUp, states } from "./one-life.fixture.ts"

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
