import type { DownMessage } from "@magpie/protocol"
import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { app, clientUnderTest, said, watch } from "./client-under-test.fixture.ts"

test("[G12] nothing is left after close: no timer, listener or link, and what was pending fails with CLOSED", async () => {
  const { clock, peer, client, machine } = clientUnderTest()
  const lobby = client.channel("chat/lobby")
  const controller = new AbortController()
  lobby.on("say", () => {})
  await clock.settle()
  peer.onMessage = undefined
  const pending = [
    watch(lobby.send("say", { text: "x" }, { signal: controller.signal, timeoutMs: 60_000 })),
    watch(lobby.history()),
    watch(lobby.subscribe({ last: 3 })),
    watch(client.channel("typing/lobby").sendAcknowledged("dot", { x: 1 })),
    watch(client.channel("chat/other").subscribe()),
  ]
  await clock.settle()
  const closed = watch(client.close())
  await clock.settle()
  expect(pending.map(({ code }) => code)).toEqual(["CLOSED", "CLOSED", "CLOSED", "CLOSED", "CLOSED"])
  expect(closed).toEqual({ value: undefined, code: undefined })
  expect(client.status).toEqual({ state: "closed", cause: undefined })
  expect(peer.link.closedWith?.code).toBe(1000)
  expect(clock.pendingTimers).toBe(0)
  expect(machine.signalListeners).toBe(0)
  expect(client.statistics.pending).toBe(0)
  await clock.advance(100_000)
  expect(peer.links).toHaveLength(1)
})

test("[G12] close leaves nothing in any phase of the connection", async () => {
  const phases: ((made: ReturnType<typeof clientUnderTest>) => Promise<void>)[] = [
    async () => {},
    async ({ clock, peer }) => {
      peer.accepts = false
      await clock.settle()
    },
    async ({ clock, peer }) => {
      peer.onMessage = undefined
      await clock.settle()
    },
    async ({ clock, peer }) => {
      await clock.settle()
      peer.link.close(1006)
      await clock.settle()
    },
    async ({ clock, peer, machine }) => {
      await clock.settle()
      machine.network(false)
      peer.link.close(1006)
      await clock.settle()
    },
    async ({ clock, peer }) => {
      await clock.settle()
      peer.link.drop()
      await clock.advance(17_000)
    },
    async ({ clock, peer }) => {
      await clock.settle()
      peer.link.close(4504)
      await clock.settle()
    },
  ]
  for (const reach of phases) {
    const made = clientUnderTest()
    made.client.channel("chat/lobby").on("say", () => {})
    watch(made.client.channel("chat/lobby").send("say", { text: "x" }))
    await reach(made)
    const closed = made.client.close()
    expect(made.client.close()).toBe(closed)
    await made.clock.advance(1_000)
    await closed
    expect(made.client.status.state).toBe("closed")
    expect(made.clock.pendingTimers).toBe(0)
    expect(made.machine.signalListeners).toBe(0)
  }
})

test("close with drainMs waits for pending sends, and no longer than that", async () => {
  const { clock, peer, client } = clientUnderTest()
  await clock.settle()
  const send = watch(client.channel("chat/lobby").send("say", { text: "x" }))
  await clock.settle()
  const closed = watch(client.close({ drainMs: 5_000 }).then(() => true))
  const refused = watch(client.channel("chat/lobby").send("say", { text: "y" }))
  await clock.advance(1_000)
  expect(refused.code).toBe("CLOSED")
  expect(closed.value).toBeUndefined()
  peer.link.send({ type: "published", id: peer.link.last("publish").id, position: { epoch: "e", offset: 1 }, level: "disk" })
  await clock.settle()
  expect(send.value?.position.offset).toBe(1)
  expect(closed.value).toBe(true)
  expect(clock.pendingTimers).toBe(0)

  const other = clientUnderTest()
  await other.clock.settle()
  const stuck = watch(other.client.channel("chat/lobby").send("say", { text: "x" }))
  const done = watch(other.client.close({ drainMs: 5_000 }).then(() => true))
  await other.clock.advance(5_000)
  expect(stuck.code).toBe("CLOSED")
  expect(done.value).toBe(true)
})

test("a lazy client connects with its first use", async () => {
  for (const use of ["on", "send", "connect"] as const) {
    const { clock, peer, client } = clientUnderTest({ lazy: true })
    await clock.advance(10_000)
    expect(peer.links).toHaveLength(0)
    if (use === "on") client.channel("chat/lobby").on("say", () => {})
    else if (use === "send") watch(client.channel("chat/lobby").send("say", { text: "" }))
    else client.connect()
    await clock.settle()
    expect(client.status.state).toBe("online")
  }
})

test("a channel is the same object for the same name, and the contract refuses names and data that it does not know", async () => {
  const { clock, peer, client } = clientUnderTest({ contract: app })
  expect(client.channel("chat/lobby")).toBe(client.channel("chat/lobby"))
  expect(client.channel("chat/lobby").kind).toBe("stream")
  expect(client.channel("typing/lobby").kind).toBe("broadcast")
  // @ts-expect-error no pattern fits
  expect(() => client.channel("nothing")).toThrow(/UNKNOWN_CHANNEL/)
  // @ts-expect-error the text is missing
  const send = watch(client.channel("chat/lobby").send("say", {}))
  await clock.settle()
  expect(send.code).toBe("BAD_REQUEST")
  // @ts-expect-error x is a number
  expect(() => client.channel("typing/lobby").send("dot", { x: "1" })).toThrow(/data\.x/)
  expect(peer.link.of("publish")).toHaveLength(0)
})

test("a broadcast is handed to the link or dropped, never kept; the acknowledged one fails without a link", async () => {
  const { clock, peer, client, errors } = clientUnderTest({ contract: app })
  const typing = client.channel("typing/lobby")
  expect(typing.send("dot", { x: 1 })).toBeUndefined()
  const offline = watch(typing.sendAcknowledged("dot", { x: 1 }))
  await clock.settle()
  expect(offline.code).toBe("UNAVAILABLE")
  expect(peer.link.of("publish")).toHaveLength(0)
  typing.send("dot", { x: 2 }, { ref: "mine" })
  const acknowledged = watch(typing.sendAcknowledged("dot", { x: 3 }).then(() => true))
  const late = watch(typing.sendAcknowledged("dot", { x: 4 }))
  await clock.settle()
  expect(peer.link.of("publish")[0]).toEqual({ type: "publish", channel: "typing/lobby", name: "dot", data: { x: 2 }, ref: "mine" })
  peer.link.send({ type: "published", id: peer.link.of("publish")[1]?.id })
  peer.link.send({ type: "error", code: "FORBIDDEN", message: "", remedy: "", retryable: false })
  await clock.advance(15_000)
  expect(acknowledged.value).toBe(true)
  expect(late.code).toBe("TIMEOUT")
  expect(errors).toEqual(["FORBIDDEN"])
})

const kinds = new Map([
  ["chat/:room", "stream"],
  ["typing/:room", "broadcast"],
])
const tellKinds: typeof answerPolitely = (message, link) =>
  message.type === "hello" ? link.welcome({ channels: kinds }) : answerPolitely(message, link)

test("without the contract's value the welcome tells a broadcast from a stream", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.onMessage = tellKinds
  const typing = client.channel("typing/a")
  expect(typing.kind).toBeUndefined()
  await clock.settle()
  expect([typing.kind, client.channel("chat/a").kind]).toEqual(["broadcast", "stream"])
  expect(typing.send("dot", { x: 1 })).toBeUndefined()
  await clock.settle()
  expect(peer.link.last("publish")).toEqual({ type: "publish", channel: "typing/a", name: "dot", data: { x: 1 }, ref: expect.any(String) })
  peer.accepts = false
  peer.link.close(1006)
  await clock.settle()
  typing.send("dot", { x: 2 })
  peer.accepts = true
  await clock.advance(20_000)
  expect(client.status.state).toBe("online")
  expect(peer.link.of("publish")).toEqual([])
})

test("what is sent before the first welcome waits in order until the kind is known", async () => {
  const { clock, peer, client, errors } = clientUnderTest({ maxPending: 3 })
  peer.onMessage = undefined
  const typing = client.channel("typing/a")
  const data = { x: 1 }
  typing.send("dot", data)
  data.x = 7
  const said = watch(client.channel("chat/a").send("say", { text: "a" }))
  typing.send("dot", { x: 2 })
  // One too many: it is dropped, and nobody meets a rejection.
  typing.send("dot", { x: 3 })
  await clock.settle()
  expect(client.statistics.pending).toBe(3)
  expect(peer.link.of("publish")).toEqual([])
  peer.link.welcome({ channels: kinds })
  await clock.settle()
  expect(peer.link.of("publish").map(({ channel, data, sequence }) => [channel, data, sequence])).toEqual([
    ["typing/a", { x: 1 }, undefined],
    ["typing/a", { x: 2 }, undefined],
    ["chat/a", { text: "a" }, 1],
  ])
  expect(client.statistics.pending).toBe(1)
  expect(said).toEqual({ value: undefined, code: undefined })
  peer.link.send({ type: "error", code: "FORBIDDEN", message: "", remedy: "", retryable: false })
  await clock.settle()
  expect(errors).toEqual(["FORBIDDEN"])
})

test("a broadcast that is too large is reported, whether it waited for its kind or not", async () => {
  const { clock, peer, client, errors } = clientUnderTest({ polite: false })
  const dot = (): void => client.channel("typing/a").send("dot", { x: 1, more: "x".repeat(1_000) } as { x: number })
  dot()
  await clock.settle()
  peer.link.welcome({ channels: kinds, messageBytes: 200 })
  await clock.settle()
  expect(errors).toEqual(["TOO_LARGE"])
  dot()
  expect(errors).toEqual(["TOO_LARGE", "TOO_LARGE"])
  expect(peer.link.of("publish")).toEqual([])
})

test("a client that closes before its first welcome leaves no unhandled rejection of what may be a broadcast", async () => {
  const { clock, client } = clientUnderTest({ polite: false })
  client.channel("typing/a").send("dot", { x: 1 })
  const said = watch(client.channel("chat/a").send("say", { text: "a" }))
  await clock.settle()
  await Promise.all([client.close(), clock.advance(1_000)])
  expect(said.code).toBe("CLOSED")
  expect(client.statistics.pending).toBe(0)
})

test("an iterator gives every message, ends with the client, and unsubscribes when its loop is left", async () => {
  const { clock, peer, client } = clientUnderTest()
  const lobby = client.channel("chat/lobby")
  const seen: unknown[] = []
  const loop = (async () => {
    for await (const message of lobby.messages()) {
      seen.push(message.offset)
      if (message.offset === 2) break
    }
  })()
  await clock.settle()
  peer.link.send(said(1), said(2), said(3))
  await clock.settle()
  await loop
  expect(seen).toEqual([1, 2])
  await clock.advance(1_000)
  expect(peer.link.of("unsubscribe")).toHaveLength(1)
  const ended = watch(
    (async () => {
      for await (const _ of lobby.messages()) seen.push("more")
      return "ended"
    })(),
  )
  await clock.settle()
  const closing = client.close()
  await clock.settle()
  await closing
  expect(ended.value).toBe("ended")
})

test("an iterator that falls behind fails with LIMIT_EXCEEDED, a refused one with the refusal, an aborted one ends", async () => {
  const { clock, peer, client } = clientUnderTest()
  const lobby = client.channel("chat/lobby")
  const slow = lobby.messages({ maxBuffered: 2 })[Symbol.asyncIterator]()
  await clock.settle()
  peer.link.send(said(1), said(2), said(3))
  await clock.settle()
  expect((await slow.next()).value?.offset).toBe(1)
  expect((await slow.next()).value?.offset).toBe(2)
  await expect(slow.next()).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" })
  expect((await slow.next()).done).toBe(true)
  const controller = new AbortController()
  const aborted = lobby.messages({ signal: controller.signal })[Symbol.asyncIterator]().next()
  controller.abort()
  expect((await aborted).done).toBe(true)
  peer.onMessage = (message, link) => {
    if (message.type !== "subscribe") return answerPolitely(message, link)
    link.send({ type: "error", id: message.id, code: "FORBIDDEN", message: "", remedy: "", retryable: false })
  }
  const refused = watch(client.channel("chat/secret").messages()[Symbol.asyncIterator]().next())
  await clock.settle()
  expect(refused.code).toBe("FORBIDDEN")
})

test("history waits for a link, survives its loss, reads on in the same direction, and tells what the server refused", async () => {
  const { clock, peer, client } = clientUnderTest({ contract: app })
  const page = (id: number | undefined, offsets: number[], more: boolean): DownMessage => ({
    type: "history",
    id,
    channel: "chat/lobby",
    messages: offsets.map((offset) => ({ offset, at: 0, name: "say", data: { text: `m${offset}` } })),
    more,
    position: { epoch: "e1", offset: 9 },
  })
  const first = watch(client.channel("chat/lobby").history({ limit: 2 }))
  await clock.settle()
  expect(peer.link.last("history")).toMatchObject({ limit: 2 })
  peer.link.close(1006)
  await clock.until(() => peer.links.length === 2 && peer.link.of("history").length === 1)
  peer.link.send(page(peer.link.last("history").id, [8, 9], true))
  await clock.settle()
  expect(first.value?.messages.map((message) => message.offset)).toEqual([8, 9])
  const second = first.value?.next()
  await clock.settle()
  expect(peer.link.last("history")).toMatchObject({ before: 8, limit: 2 })
  peer.link.send(page(peer.link.last("history").id, [7], false))
  expect((await Promise.all([second, clock.settle()]))[0]?.next()).toBeUndefined()
  const refused = watch(client.channel("chat/lobby").history({ after: 3 }))
  await clock.settle()
  // How many a page holds by itself is the server's business.
  expect(peer.link.last("history").limit).toBeUndefined()
  peer.link.send({ type: "error", id: peer.link.last("history").id, code: "FORBIDDEN", message: "", remedy: "", retryable: false })
  const controller = new AbortController()
  const aborted = watch(client.channel("chat/lobby").history({ signal: controller.signal }))
  await clock.settle()
  controller.abort()
  await clock.settle()
  expect([refused.code, aborted.code]).toEqual(["FORBIDDEN", "ABORTED"])
})

test("statistics count messages and bytes in both directions", async () => {
  const { clock, client, peer } = clientUnderTest()
  await clock.settle()
  const { messagesIn, messagesOut, bytesOut } = client.statistics
  expect([messagesIn, messagesOut]).toEqual([1, 1])
  expect(bytesOut).toBe(Buffer.byteLength(peer.link.frames.join("")))
})
