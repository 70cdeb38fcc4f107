import { expect, test } from "vitest"
import { watch } from "../client-under-test.fixture.ts"
import type { Life } from "./lives.fixture.ts"
import { say, setUp } from "./one-life.fixture.ts"

// What is numbered wrongly stands behind a hole: it ends as EXPIRED though it was never stored.

/** With it a later life goes on as the producer of this one. */
const unanswered = ({ client }: Life): void => void watch(client.channel("chat/other").send("say", { text: "unanswered" }))

test("[G1] [F53] a number of the producer that a twin has taken over is none of the next producer's", async () => {
  const { clock, peer, server, life, begin, steal, sequences } = await setUp()
  say(life, "stored")
  await clock.advance(100)
  server.answer(1, "store")
  const left = [say(life, "left"), say(life, "left too")]
  await clock.advance(100)
  steal()
  peer.link.close(1006)
  await clock.advance(3_000)
  expect(left.map(({ code }) => code)).toEqual(["CONFLICT", "CONFLICT"])
  unanswered(life)
  await clock.advance(100)
  life.kill()
  const next = begin()
  await clock.advance(3_000)
  say(next, "first of the next life")
  await clock.advance(100)
  expect(sequences("chat/lobby")).toEqual([1])
})

test("[G1] a number that the server calls free is the next message's in a later life too", async () => {
  const { clock, server, life, begin, cut, sequences } = await setUp()
  const refused = say(life, "unanswered at first")
  await clock.advance(100)
  cut()
  await clock.advance(3_000)
  server.answer(1, "refuse")
  unanswered(life)
  await clock.advance(100)
  expect(refused.code).toBe("FORBIDDEN")
  life.kill()
  const next = begin()
  await clock.advance(3_000)
  say(next, "first of the next life")
  await clock.advance(100)
  expect(sequences("chat/lobby")).toEqual([1])
})

test("[G1] what is numbered behind a message that does not leave does not leave either", async () => {
  const { clock, life, server, disk, store, log, sequences } = await setUp()
  say(life, "stored")
  await clock.advance(100)
  server.answer(1, "store")
  disk.room = false
  const refused = say(life, "no room")
  // As soon as the first write has begun.
  for (let turn = 0; turn < 3; turn++) await Promise.resolve()
  disk.room = true
  say(life, "next")
  await clock.advance(1_000)
  expect(refused.code).toBe("LIMIT_EXCEEDED")
  expect(sequences("chat/lobby")).toEqual([1, 2])
  await store()
  expect(log()).toEqual(["stored", "next"])
})
