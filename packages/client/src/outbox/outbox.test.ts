import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { watch } from "../client-under-test.fixture.ts"
import { publishes, refused, sender, sequences, stored, texts } from "./sender.fixture.ts"

test("[G1] [G3] numbers sends from 1 in the order of the calls and resolves each with its receipt", async () => {
  const { clock, peer, sends, id, client } = await sender(3)
  expect(peer.link.of("publish").map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
  expect(peer.link.frames).toHaveLength(3)
  expect(client.statistics.pending).toBe(3)
  peer.link.send(stored(id(0), 1), stored(id(1), 2), stored(id(2), 3))
  await clock.settle()
  expect(sends[2]?.value).toEqual({ position: { epoch: "e1", offset: 3 }, level: "disk", duplicate: false })
  expect(client.statistics.pending).toBe(0)
})

test("[G2] [F51] sends what was not acknowledged again under the same numbers, in order, and takes duplicate for success", async () => {
  const { clock, peer, sends, id, client, say } = await sender(3)
  peer.link.send(stored(id(0), 1))
  await clock.settle()
  peer.link.close(1006)
  await clock.settle()
  const offline = say("offline")
  await clock.until(() => client.status.state === "online")
  await clock.settle()
  expect(sequences(peer.link)).toEqual([3, 4, 5])
  expect(texts(peer.link)).toEqual(["m2", "m3", "offline"])
  peer.link.send(stored(id(0), 2, true), stored(id(1), 3, true), stored(id(2), 4))
  await clock.settle()
  expect(sends.map((send) => send.value?.duplicate)).toEqual([false, true, true])
  expect(offline.value?.position.offset).toBe(4)
})

test("ignores a late acknowledgement of a superseded link", async () => {
  const { clock, peer, sends, id, client } = await sender(1)
  const [old, oldId] = [peer.link, id(0)]
  old.drop()
  await clock.advance(20_000)
  await clock.until(() => client.status.state === "online")
  old.late.onMessage(JSON.stringify(stored(oldId, 1)))
  await clock.settle()
  expect(sends[0]).toEqual({ value: undefined, code: undefined })
})

test("[F62] keeps order through a rate limit: waits the hint, then resends from the refused one, without a storm", async () => {
  const { clock, peer, sends, id } = await sender(4)
  peer.link.send(stored(id(0), 1), refused(id(1), "RATE_LIMITED", { retryAfterMs: 1_000 }))
  peer.link.send(refused(id(2), "OUT_OF_ORDER", { expected: 3 }), refused(id(3), "OUT_OF_ORDER", { expected: 3 }))
  await clock.advance(999)
  expect(publishes(peer.link)).toHaveLength(4)
  await clock.advance(600)
  expect(sequences(peer.link)).toEqual([2, 3, 4, 5, 3, 4, 5])
  peer.link.send(stored(id(4), 2), stored(id(5), 3), stored(id(6), 4))
  await clock.advance(60_000)
  expect(sends.every((send) => send.value !== undefined)).toBe(true)
  expect(publishes(peer.link)).toHaveLength(7)
})

test("after a refusal waits also for what is still in flight before anything is sent again", async () => {
  const { clock, peer, id } = await sender(2)
  peer.link.send(refused(id(0), "UNAVAILABLE", { retryAfterMs: 100 }))
  await clock.advance(5_000)
  expect(publishes(peer.link)).toHaveLength(2)
  peer.link.send(refused(id(1), "OUT_OF_ORDER", { expected: 2 }))
  await clock.settle()
  expect(sequences(peer.link)).toEqual([2, 3, 2, 3])
})

test("a publish without any answer is asked again under its number", async () => {
  const { clock, peer, sends, id } = await sender(1)
  await clock.advance(16_000)
  expect(sequences(peer.link)).toEqual([2, 2])
  peer.link.send(stored(id(1), 1, true))
  await clock.settle()
  expect(sends[0]?.value?.duplicate).toBe(true)
})

test("a final refusal that used its number up rejects its sender and lets the others pass", async () => {
  for (const code of ["FORBIDDEN", "BAD_REQUEST", "CONFLICT", "EXPIRED", "TOO_LARGE", "INTERNAL"] as const) {
    const { clock, peer, sends, id, say } = await sender(2)
    peer.link.send(refused(id(0), code, { sequence: "used" }), stored(id(1), 1))
    await clock.settle()
    expect(sends.map(({ code: seen, value }) => seen ?? value?.position.offset)).toEqual([code, 1])
    say("next")
    await clock.settle()
    expect(sequences(peer.link)).toEqual([2, 3, 4])
  }
})

test("has at most 256 in flight on a channel", async () => {
  const { clock, peer, id } = await sender(300)
  expect(publishes(peer.link)).toHaveLength(256)
  peer.link.send(stored(id(0), 1), stored(id(1), 2))
  await clock.settle()
  expect(publishes(peer.link)).toHaveLength(258)
})

test("holds at most maxPending", async () => {
  const { sends } = await sender(3, { maxPending: 2, lazy: true })
  expect(sends.map((send) => send.code)).toEqual([undefined, undefined, "LIMIT_EXCEEDED"])
})

test("[F53] under another producer, what may have left fails with CONFLICT and the rest counts from 1", async () => {
  const { clock, peer, sends, say } = await sender(2)
  peer.link.close(1006)
  await clock.settle()
  const fresh = say("fresh")
  peer.onMessage = (message, link) => (message.type === "hello" ? link.welcome({ producer: "other" }) : answerPolitely(message, link))
  await clock.advance(1_000)
  expect(sends.map((send) => send.code)).toEqual(["CONFLICT", "CONFLICT"])
  expect(sequences(peer.link)).toEqual([1])
  expect(texts(peer.link)).toEqual(["fresh"])
  peer.link.send(stored(peer.link.last("publish").id, 1))
  await clock.settle()
  expect(fresh.value?.position.offset).toBe(1)
  peer.link.close(1006)
  await clock.advance(2_000)
  expect(peer.link.last("hello").producer).toBe("other")
})

test("an abort takes back what has not left, and leaves no hole in the numbers", async () => {
  const { clock, peer, say } = await sender(0, { polite: false })
  const controller = new AbortController()
  const [first, aborted, third] = [say("first"), say("aborted", { signal: controller.signal }), say("third")]
  controller.abort()
  await clock.settle()
  expect(aborted.code).toBe("ABORTED")
  peer.link.welcome()
  await clock.settle()
  peer.link.send(stored(peer.link.last("publish").id, 1))
  await clock.settle()
  expect(texts(peer.link)).toEqual(["first", "third"])
  expect(sequences(peer.link)).toEqual([1, 2])
  expect([first.value?.position.offset, third.code]).toEqual([1, undefined])
})

test("an abort after the send rejects at once, and the number stays tracked until its outcome is known", async () => {
  const { clock, peer, say, id, client } = await sender(0)
  const controller = new AbortController()
  const aborted = say("aborted", { signal: controller.signal })
  await clock.settle()
  controller.abort()
  await clock.settle()
  expect(aborted.code).toBe("ABORTED")
  expect(client.statistics.pending).toBe(1)
  peer.link.close(1006)
  await clock.advance(1_000)
  expect(sequences(peer.link)).toEqual([2])
  peer.link.send(stored(id(0), 1))
  await clock.settle()
  expect(client.statistics.pending).toBe(0)
  expect(watch(client.channel("chat/lobby").send("say", { text: "" }, { signal: AbortSignal.abort() }))).toBeDefined()
  await clock.settle()
  expect(client.statistics.pending).toBe(0)
})

test("timeoutMs counts in each phase: before the link, in flight, and while waiting after a refusal", async () => {
  const early = await sender(0, { polite: false })
  const unsent = early.say("a", { timeoutMs: 3_000 })
  await early.clock.advance(3_000)
  expect(unsent.code).toBe("TIMEOUT")
  expect(early.client.statistics.pending).toBe(0)
  const { clock, peer, say, id } = await sender(0)
  const flying = say("b", { timeoutMs: 3_000 })
  await clock.advance(3_000)
  expect(flying.code).toBe("TIMEOUT")
  peer.link.send(stored(id(0), 1))
  const waiting = say("c", { timeoutMs: 3_000 })
  await clock.settle()
  peer.link.send(refused(id(1), "UNAVAILABLE", { retryAfterMs: 60_000 }))
  await clock.advance(3_000)
  expect(waiting.code).toBe("TIMEOUT")
})

test("what a caller does to the data after send changes nothing, and what no codec can write is refused", async () => {
  const { clock, peer, lobby } = await sender(0, { polite: false })
  const data = { text: "before" }
  watch(lobby.send("say", data))
  data.text = "after"
  const circle: Record<string, unknown> = { text: "x" }
  circle.self = circle
  const refusedSend = watch(lobby.send("say", circle as { text: string }))
  await clock.settle()
  expect(refusedSend.code).toBe("BAD_REQUEST")
  peer.link.welcome()
  await clock.settle()
  expect(texts(peer.link)).toEqual(["before"])
})

test("[F62] a thousand sends over links that break at random are stored once each, in the order of the calls", async () => {
  const { clock, peer, client, machine, lobby } = await sender(0, { seed: 62, begun: false })
  const log: string[] = []
  const stored = new Map<string, number>()
  const chance = machine.random.fork("faults")
  peer.onMessage = (message, link) => {
    if (message.type !== "publish") return answerPolitely(message, link)
    const { id, sequence = 0 } = message
    const producer = "one"
    const last = stored.get(producer) ?? 0
    if (chance.float() < 0.02) link.send(refused(id, "RATE_LIMITED", { retryAfterMs: 10 }))
    else if (sequence > last + 1) link.send(refused(id, "OUT_OF_ORDER", { expected: last + 1 }))
    else {
      if (sequence === last + 1) {
        stored.set(producer, sequence)
        log.push((message.data as { text: string }).text)
      }
      // Now and then the link breaks after the message was stored and before its sender knows.
      if (chance.float() < 0.01) link.close(1006)
      else link.send({ type: "published", id, position: { epoch: "e", offset: sequence }, level: "disk", duplicate: sequence <= last })
    }
  }
  const expected = Array.from({ length: 1_000 }, (_, index) => `n${index}`)
  const sends = expected.map((text) => watch(lobby.send("say", { text })))
  await clock.until(() => client.statistics.pending === 0, 3_600_000)
  expect(log).toEqual(expected)
  expect(sends.every((send) => send.value !== undefined)).toBe(true)
  expect(peer.links.length).toBeGreaterThan(3)
})

test("a number is never given twice, also where a later one was acknowledged before an earlier one was sent again", async () => {
  const { clock, peer, id, say } = await sender(2)
  peer.link.send(stored(id(1), 2))
  await clock.settle()
  peer.link.close(1006)
  await clock.advance(1_000)
  say("third")
  await clock.settle()
  expect(sequences(peer.link)).toEqual([2, 4])
})
