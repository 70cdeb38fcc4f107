import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { app, clientUnderTest, said, watch } from "./client-under-test.fixture.ts"
import { extend } from "./extension.ts"

const COUNTED = { members: 1, users: 1 }

/** What an entry of its own could be: it watches a channel on every link, and counts. */
function counting(channel: object, events: string[]) {
  const { name, start, ask, follow } = extend(channel)
  const counts: number[] = []
  let answers = 0
  start()
  const stop = follow(
    { watched: { channel: "string", version: "number" }, presence: { channel: "string", counts: "object" } },
    {
      online() {
        events.push("online")
        ask({ type: "watch", channel: name }, "watched", () => answers++)
      },
      receive(message) {
        if (message.type === "presence") counts.push(message.counts.members)
      },
      offline: ({ code }) => events.push(`offline ${code}`),
      close: ({ code }) => events.push(`close ${code}`),
    },
  )
  return { counts, stop, answers: () => answers }
}

function setUp() {
  const made = clientUnderTest({ polite: false })
  made.peer.onMessage = (message, link) => {
    if (message.type === "watch") {
      const { id, channel } = message
      link.send({ type: "watched", id, channel, mode: "counts", answer: "snapshot", epoch: "e", version: 1, counts: COUNTED })
    } else answerPolitely(message, link)
  }
  const events: string[] = []
  made.client.on("status", ({ to }) => events.push(to))
  return { ...made, events, lobby: made.client.channel("chat/lobby") }
}

const presence = (channel: string, members: number) =>
  ({ type: "presence", channel, version: 2, counts: { members, users: members } }) as const

test("is told of a link after the core has spoken on it and before the status says so, and of its end before the core is", async () => {
  const { clock, peer, client, events, lobby } = setUp()
  lobby.on("say", () => {})
  lobby.subscription.on("state", ({ state }) => events.push(state))
  const { answers } = counting(lobby, events)
  await clock.settle()
  expect(peer.link.received.map(({ type }) => type)).toEqual(["hello", "subscribe", "watch"])
  expect(events).toEqual(["connecting", "online", "online", "live"])
  expect(answers()).toBe(1)
  peer.link.close(1006)
  await clock.settle()
  expect(events.slice(4)).toEqual(["offline UNAVAILABLE", "subscribing", "reconnecting"])
  await clock.until(() => client.status.state === "online")
  expect(peer.link.of("watch")).toHaveLength(1)
  expect(answers()).toBe(2)
})

test("gets the messages of its own channel and of its own types, and the core gets its own all the same", async () => {
  const { clock, peer, errors, events, lobby } = setUp()
  const heard: unknown[] = []
  lobby.on("say", ({ data }) => heard.push(data.text))
  const { counts } = counting(lobby, events)
  await clock.settle()
  peer.link.send(presence("chat/lobby", 3), presence("chat/other", 7), said(1))
  peer.link.sendRaw('{"type":"presence","channel":"chat/lobby"}')
  await clock.settle()
  expect(counts).toEqual([3])
  expect(heard).toEqual(["m1"])
  expect(errors).toEqual(["BAD_REQUEST"])
})

test("what nobody reads is passed over, and so is what a follower has left", async () => {
  const { clock, peer, errors, events, lobby } = setUp()
  await clock.settle()
  peer.link.send(presence("chat/lobby", 1))
  await clock.settle()
  const { counts, stop } = counting(lobby, events)
  expect(events.at(-1)).toBe("online")
  await clock.settle()
  peer.link.send(presence("chat/lobby", 2))
  await clock.settle()
  stop()
  stop()
  peer.link.send(presence("chat/lobby", 3))
  peer.link.close(1006)
  await clock.advance(30_000)
  expect(counts).toEqual([2])
  expect(events.filter((event) => event.startsWith("offline"))).toEqual([])
  expect(errors).toEqual([])
})

test("two followers of a channel both hear; what one throws is reported, and one that the other took away hears nothing", async () => {
  const { clock, peer, errors, events, lobby } = setUp()
  await clock.settle()
  const first = extend(lobby).follow(
    { presence: { channel: "string" } },
    {
      receive() {
        second.stop()
        throw new Error("a mistake")
      },
    },
  )
  const second = counting(lobby, events)
  const third = counting(lobby, events)
  await clock.settle()
  peer.link.send(presence("chat/lobby", 5))
  await clock.settle()
  expect(errors).toEqual(["INTERNAL"])
  expect(second.counts).toEqual([])
  expect(third.counts).toEqual([5])
  first()
})

test("[G12] hears of the end once, before the core ends, and leaves nothing behind", async () => {
  const { clock, machine, client, events, lobby } = setUp()
  lobby.on("say", () => {})
  counting(lobby, events)
  const waiting = watch(extend(lobby).request({ type: "watch", channel: "chat/other" }, "watched", { repeat: true }))
  await clock.settle()
  lobby.subscription.on("state", ({ state }) => events.push(state))
  const closed = client.close()
  await clock.advance(2_000)
  await closed
  expect(events.slice(-3)).toEqual(["close CLOSED", "idle", "closed"])
  expect(waiting.value ?? waiting.code).toBeDefined()
  expect(() => extend(lobby).start()).toThrow("CLOSED")
  expect([clock.pendingTimers, machine.signalListeners]).toEqual([0, 0])
})

test("knows the channel's kind and schemas where the client was given the contract, and refuses what is no channel", () => {
  const { client } = clientUnderTest({ contract: app, lazy: true })
  const inside = extend(client.channel("typing/lobby"))
  expect(inside.kindName()).toBe("broadcast")
  expect(inside.contract).toBe(app)
  expect(Object.keys(inside.kind?.messages ?? {})).toEqual(["dot"])
  expect(extend(clientUnderTest({ lazy: true }).client.channel("chat/lobby")).kind).toBeUndefined()
  expect(() => extend({})).toThrow(/^BAD_REQUEST: channel must come from/)
})
