import type { DownMessage } from "@magpie/protocol"
import type { PeerLink } from "@magpie/testing"
import { expect, test } from "vitest"
import { publishes, refused, sender, sequences, stored, texts } from "./sender.fixture.ts"

/** Answers everything that flies: the first publish by itself, the others as what stands behind a refusal. */
function refuseFirst(link: PeerLink, from: number, first: DownMessage): void {
  const behind = publishes(link).slice(from + 1)
  const expected = publishes(link)[from]?.sequence ?? 0
  link.send(first, ...behind.map(({ id }) => refused(id, "OUT_OF_ORDER", { expected })))
}

test("[F49] after a refusal for rate half as many may fly, and one more with each flight that is stored", async () => {
  const { clock, peer, id } = await sender(600)
  const flown = (): number => publishes(peer.link).length
  expect(flown()).toBe(256)
  refuseFirst(peer.link, 0, refused(id(0), "RATE_LIMITED", { retryAfterMs: 300 }))
  await clock.until(() => flown() > 256)
  expect(flown() - 256).toBe(128)
  refuseFirst(peer.link, 256, refused(id(256), "RATE_LIMITED", { retryAfterMs: 300 }))
  await clock.until(() => flown() > 256 + 128)
  expect(flown() - 256 - 128).toBe(64)

  // The server stores one after the other, and each makes room for one more, or for two.
  for (let offset = 1; offset <= 65; offset++) {
    peer.link.send(stored(id(383 + offset), offset))
    await clock.settle()
  }
  expect(flown() - 256 - 128 - 65).toBe(65)
})

test("[F49] keeps one publish flying however often the server finds it too fast, and never more than 256 again", async () => {
  const { clock, peer, id } = await sender(900)
  for (let round = 0, from = 0; round < 10; round++) {
    refuseFirst(peer.link, from, refused(id(from), "RATE_LIMITED"))
    from = publishes(peer.link).length
    await clock.until(() => publishes(peer.link).length > from)
    expect(publishes(peer.link).length - from).toBe(Math.max(1, 128 / 2 ** round))
  }
  const start = publishes(peer.link).length - 1
  let most = 0
  for (let answered = 0; answered < 900; answered++) {
    most = Math.max(most, publishes(peer.link).length - start - answered)
    peer.link.send(stored(id(start + answered), answered + 1))
    await clock.settle()
  }
  expect(most).toBeGreaterThan(30)
  expect(most).toBeLessThanOrEqual(256)
})

test("waits a quarter of a second at least after a refusal for rate, and after any other as long as the server says", async () => {
  const resentWithin = async (code: "RATE_LIMITED" | "UNAVAILABLE", seed: number): Promise<boolean> => {
    const { clock, peer, id } = await sender(1, { seed })
    peer.link.send(refused(id(0), code, { retryAfterMs: 10 }))
    await clock.advance(249)
    return publishes(peer.link).length > 1
  }
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)
  expect(await Promise.all(seeds.map((seed) => resentWithin("RATE_LIMITED", seed)))).not.toContain(true)
  expect(await Promise.all(seeds.map((seed) => resentWithin("UNAVAILABLE", seed)))).toContain(true)
})

test("a number is not free after all where the server has stored one behind it", async () => {
  const { clock, peer, id, say } = await sender(3)
  peer.link.send(refused(id(0), "FORBIDDEN"), stored(id(1), 1), stored(id(2), 2))
  await clock.settle()
  say("next")
  await clock.settle()
  expect(texts(peer.link).slice(3)).toEqual(["next"])
  expect(sequences(peer.link).slice(3)).toEqual([5])
})

test("a number stays free where only what stood before it was stored", async () => {
  const { clock, peer, id } = await sender(3)
  peer.link.send(refused(id(1), "FORBIDDEN"), stored(id(0), 1), refused(id(2), "OUT_OF_ORDER", { expected: 3 }))
  await clock.advance(5_000)
  expect(texts(peer.link).slice(3)).toEqual(["m3"])
  expect(sequences(peer.link).slice(3)).toEqual([3])
})

test("what was refused for rate was not stored, so it is sent anew to a server that forgot the numbers", async () => {
  const { clock, peer, id, sends } = await sender(2)
  peer.link.send(stored(id(0), 1), refused(id(1), "RATE_LIMITED"))
  await clock.advance(5_000)
  peer.link.send(refused(id(2), "OUT_OF_ORDER", { expected: 1 }))
  await clock.advance(5_000)
  expect(texts(peer.link).slice(2)).toEqual(["m2", "m2"])
  expect(sequences(peer.link).slice(2)).toEqual([3, 1])
  expect(sends[1]?.code).toBeUndefined()
})

test("a message that the server takes no frame for fails alone, and what waits behind it leaves", async () => {
  const { clock, peer, say } = await sender(0, { polite: false })
  const big = say("x".repeat(70_000))
  const small = say("small")
  await clock.settle()
  peer.link.welcome()
  await clock.settle()
  expect(big.code).toBe("TOO_LARGE")
  expect(texts(peer.link)).toEqual(["small"])
  expect(sequences(peer.link)).toEqual([1])
  expect(small.code).toBeUndefined()
})

test("close with drainMs waits for no one where nothing is pending, and for the last where several are", async () => {
  const { clock, peer, client, id } = await sender(2)
  let closed = false
  const closing = client.close({ drainMs: 60_000 }).then(() => {
    closed = true
  })
  peer.link.send(stored(id(0), 1))
  await clock.advance(2_000)
  expect(closed).toBe(false)
  peer.link.send(stored(id(1), 2))
  await clock.advance(2_000)
  expect(closed).toBe(true)
  await closing

  const idle = await sender(0)
  const ended = idle.client.close({ drainMs: 60_000 }).then(() => true)
  await idle.clock.advance(2_000)
  expect(await ended).toBe(true)
})

test("says how many messages may be pending, and that they are too many", async () => {
  const { clock, lobby } = await sender(1, { maxPending: 1, lazy: true })
  const refusal = lobby.send("say", { text: "one too many" }).catch((error) => error)
  await clock.settle()
  expect((await refusal).details).toEqual({ limit: "maxPending", value: 1 })
})
