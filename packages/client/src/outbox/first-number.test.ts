import type { DownMessage } from "@magpie/protocol"
import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { publishes, refused, sender, sequences, stored, texts } from "./sender.fixture.ts"

// Until then a server keeps no number that it refuses. What had left behind one would have to leave again under another, while its
// first try may still land in the log: on several nodes, where a broker stores late what it had not confirmed.

async function beginner(count: number) {
  const made = await sender(count, { begun: false })
  const { clock, peer, id } = made
  /** Answers the newest publish of the present link. */
  async function answer(reply: (id: number | undefined) => DownMessage): Promise<void> {
    peer.link.send(reply(id(publishes(peer.link).length - 1)))
    await clock.settle()
  }
  return { ...made, answer }
}

test("[G2] nothing leaves behind the first number of a producer until that is stored", async () => {
  const { clock, peer, answer } = await beginner(300)
  await clock.advance(10_000)
  expect(sequences(peer.link)).toEqual([1])
  await answer((id) => stored(id, 1))
  expect(publishes(peer.link)).toHaveLength(1 + 256)
})

test("[G2] nothing leaves behind the first number of a producer until that is refused as used", async () => {
  for (const [code, sequence] of [["FORBIDDEN", "used"], ["CONFLICT"], ["EXPIRED"]] as const) {
    const { peer, sends, answer } = await beginner(3)
    expect(sequences(peer.link)).toEqual([1])
    await answer((id) => refused(id, code, sequence && { sequence }))
    expect(sends[0]?.code).toBe(code)
    expect(sequences(peer.link)).toEqual([1, 2, 3])
  }
})

test("[G2] [G3] one after another takes the first number of a producer, as long as each is refused and leaves it free", async () => {
  const { peer, sends, answer } = await beginner(5)
  for (let count = 1; count <= 3; count++) {
    expect(texts(peer.link).at(-1)).toBe(`m${count}`)
    expect(sequences(peer.link)).toEqual(Array.from({ length: count }, () => 1))
    await answer((id) => refused(id, "FORBIDDEN", { sequence: "free" }))
  }
  await answer((id) => stored(id, 1))
  expect(sends.map(({ code, value }) => code ?? value?.position.offset)).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", 1, undefined])
  expect(texts(peer.link)).toEqual(["m1", "m2", "m3", "m4", "m5"])
  expect(sequences(peer.link)).toEqual([1, 1, 1, 1, 2])
})

test("[G2] nothing leaves behind the first number of a producer whose outcome is open, over broken links and pauses", async () => {
  const { clock, peer, client, answer } = await beginner(3)
  peer.link.close(1006)
  await clock.until(() => client.status.state === "online")
  await clock.settle()
  expect(sequences(peer.link)).toEqual([1])
  await answer((id) => refused(id, "UNAVAILABLE", { retryAfterMs: 100 }))
  await clock.until(() => publishes(peer.link).length > 1)
  await answer((id) => refused(id, "RATE_LIMITED", { retryAfterMs: 100 }))
  await clock.until(() => publishes(peer.link).length > 2)
  await clock.advance(10_000)
  expect(sequences(peer.link)).toEqual([1, 1, 1])
  await answer((id) => stored(id, 1, true))
  expect(texts(peer.link)).toEqual(["m1", "m1", "m1", "m2", "m3"])
  expect(sequences(peer.link)).toEqual([1, 1, 1, 2, 3])
})

test("[G2] under another producer again nothing leaves behind the first number", async () => {
  const { clock, peer, client, say, answer } = await beginner(1)
  await answer((id) => stored(id, 1))
  peer.link.close(1006)
  peer.onMessage = (message, link) => (message.type === "hello" ? link.welcome({ producer: "other" }) : answerPolitely(message, link))
  await clock.settle()
  for (const text of ["a", "b", "c"]) say(text)
  await clock.until(() => client.status.state === "online")
  await clock.settle()
  expect(sequences(peer.link)).toEqual([1])
  await answer((id) => stored(id, 2))
  expect(sequences(peer.link)).toEqual([1, 2, 3])
})

test("[G2] nothing leaves behind the first number that a server gives which has forgotten the producer", async () => {
  const { clock, peer, id, say } = await sender(1)
  peer.link.send(stored(id(0), 1))
  await clock.settle()
  for (const text of ["a", "b", "c"]) say(text)
  await clock.settle()
  peer.link.send(...[1, 2, 3].map((index) => refused(id(index), "OUT_OF_ORDER", { expected: 1 })))
  await clock.advance(5_000)
  expect(texts(peer.link).slice(4)).toEqual(["a"])
  peer.link.send(stored(id(4), 2))
  await clock.settle()
  expect(texts(peer.link).slice(4)).toEqual(["a", "b", "c"])
  expect(sequences(peer.link).slice(4)).toEqual([1, 2, 3])
})
