import { expect, test } from "vitest"
import { watch } from "../client-under-test.fixture.ts"
import { publishes, refused, sender, sequences, stored, texts } from "./sender.fixture.ts"

test("[G3] what stands behind a number that was refused and is free counts from there, when all that flew is answered", async () => {
  const { clock, peer, sends, id, say } = await sender(4)
  // It has forgotten everybody, so it keeps no refusals of this one.
  const expected = 1
  peer.link.send(stored(id(0), 1), refused(id(1), "FORBIDDEN", { sequence: "free" }), refused(id(2), "OUT_OF_ORDER", { expected }))
  await clock.settle()
  expect(sends[1]?.code).toBe("FORBIDDEN")
  say("next")
  await clock.advance(5_000)
  expect(publishes(peer.link)).toHaveLength(4)
  peer.link.send(refused(id(3), "OUT_OF_ORDER", { expected }))
  await clock.advance(1_000)
  peer.link.send(stored(id(4), 1))
  await clock.settle()
  expect(texts(peer.link).slice(4)).toEqual(["m3", "m4", "next"])
  expect(sequences(peer.link).slice(4)).toEqual([1, 2, 3])
})

test("[G2] what may have been stored gets no other number, also where an earlier one turns out to be free", async () => {
  const { clock, peer, sends, id, client } = await sender(4)
  peer.link.send(refused(id(0), "RATE_LIMITED", { retryAfterMs: 500 }), refused(id(1), "FORBIDDEN", { sequence: "free" }))
  await clock.settle()
  peer.link.close(1006)
  await clock.until(() => client.status.state === "online")
  await clock.settle()
  expect(sends.map((send) => send.code)).toEqual([undefined, "FORBIDDEN", "EXPIRED", "EXPIRED"])
  expect(texts(peer.link)).toEqual(["m1"])
  expect(sequences(peer.link)).toEqual([2])
})

test("a server that forgot earlier numbers is followed on the same link; only what may have been stored fails with EXPIRED", async () => {
  const { clock, peer, sends, id, client, say } = await sender(3)
  const other = watch(client.channel("chat/other").send("say", { text: "other" }))
  await clock.settle()
  peer.link.send(stored(id(0), 1))
  await clock.settle()
  peer.link.close(1006)
  await clock.until(() => client.status.state === "online")
  say("m4")
  await clock.settle()
  expect(sequences(peer.link)).toEqual([3, 4, 1, 5])
  peer.link.send(...[0, 1, 3].map((index) => refused(id(index), "OUT_OF_ORDER", { expected: 1 })), stored(id(2), 1))
  await clock.advance(2_000)
  expect(sends.map((send) => send.code)).toEqual([undefined, "EXPIRED", "EXPIRED"])
  expect(other.value?.position.offset).toBe(1)
  expect(texts(peer.link).slice(4)).toEqual(["m4"])
  expect(sequences(peer.link).slice(4)).toEqual([1])
  say("last")
  await clock.settle()
  // It may refuse and keep nothing of that, as at the beginning.
  expect(sequences(peer.link).slice(4)).toEqual([1])
  peer.link.send(stored(id(4), 2))
  await clock.settle()
  expect(sequences(peer.link).slice(4)).toEqual([1, 2])
  expect(peer.links).toHaveLength(2)
})

test("a server that still waits for an earlier number has not forgotten it, also where one between was refused for good", async () => {
  const { clock, peer, sends, id, client, say } = await sender(2)
  peer.link.close(1006)
  await clock.until(() => client.status.state === "online")
  sends.push(say("m3"), say("m4"))
  await clock.settle()
  const late = (index: number) => refused(id(index), "OUT_OF_ORDER", { expected: 2 })
  peer.link.send(refused(id(0), "RATE_LIMITED", { retryAfterMs: 500 }), late(1), refused(id(2), "BAD_REQUEST"), late(3))
  await clock.advance(2_000)
  expect(sends.map((send) => send.code)).toEqual([undefined, undefined, "BAD_REQUEST", undefined])
  expect(texts(peer.link).slice(4)).toEqual(["m1"])
  peer.link.send(stored(id(4), 2))
  await clock.settle()
  expect(texts(peer.link).slice(4)).toEqual(["m1", "m2", "m4"])
  expect(sequences(peer.link).slice(4)).toEqual([2, 3, 4])
})

test("what a server would refuse for ever never leaves, names its field and uses no number", async () => {
  const { clock, peer, lobby, say } = await sender(0)
  let deep: unknown = {}
  for (let level = 0; level < 63; level++) deep = [deep]
  const send = (data: unknown, name: "say" = "say", ref?: string) =>
    lobby.send(name, data as { text: string }, ref === undefined ? {} : { ref }).catch((error) => [error.code, error.details?.field])
  const outcomes = [
    send({ text: "hi 😀".slice(0, 4) }),
    send({ text: '\\"', "\udead": 1 }),
    send(deep),
    send({ text: "x" }, "x".repeat(65) as "say"),
    send({ text: "x" }, "say", "r".repeat(65)),
  ]
  const fine = ["\\ud83d \\\\ud83d 😀", `${'"[{'.repeat(99)}\\`]
  for (const text of fine) say(text)
  await clock.settle()
  expect(await Promise.all(outcomes)).toEqual(["data", "data", "data", "name", "ref"].map((field) => ["BAD_REQUEST", field]))
  expect(texts(peer.link)).toEqual(fine)
  expect(sequences(peer.link)).toEqual([2, 3])
})

test("what waits for a link is refused at the call where no server would take it", async () => {
  const { clock, say, client } = await sender(0, { polite: false })
  const half = say("hi 😀".slice(0, 4))
  await clock.settle()
  expect(half.code).toBe("BAD_REQUEST")
  expect(client.statistics.pending).toBe(0)
})

test("a number that the server says is used is not given again, also where nothing stands behind it", async () => {
  const { clock, peer, sends, id, say } = await sender(1)
  peer.link.send(refused(id(0), "FORBIDDEN", { sequence: "used" }))
  await clock.settle()
  say("next")
  await clock.settle()
  expect(sends[0]?.code).toBe("FORBIDDEN")
  expect(sequences(peer.link)).toEqual([2, 3])
})
