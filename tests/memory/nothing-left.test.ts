import { memoryStorage } from "@magpie/journal"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, listen, outcomeOf, say, startChat, startMembers, tokenOf } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

type Client = ReturnType<ChatBed["connect"]>

/** Brings a client into one state of its life; closing it there must leave nothing. */
const STATES: Readonly<Record<string, (client: Client) => Promise<void> | void>> = {
  idle: () => {},
  connecting: async (client) => {
    bed.network.blackHole(true)
    client.connect()
    await bed.clock.advance(100)
    expect(client.status.state).toBe("connecting")
  },
  online: async (client) => {
    client.connect()
    await bed.clock.until(() => client.status.state === "online")
  },
  reconnecting: async (client) => {
    bed.network.cut(true)
    client.connect()
    await bed.clock.until(() => client.status.state === "reconnecting")
  },
  subscribed: async (client) => {
    const listener = listen(client)
    await bed.clock.until(listener.isLive)
  },
  lingering: async (client) => {
    const listener = listen(client)
    await bed.clock.until(listener.isLive)
    listener.stop()
  },
  "subscribing while cut off": async (client) => {
    bed.network.cut(true)
    listen(client)
    await bed.clock.advance(3_000)
  },
  "half-open": async (client) => {
    listen(client)
    await bed.clock.until(() => client.status.state === "online")
    bed.network.strand()
    await bed.clock.advance(12_000)
  },
  "refused for rate": async (client) => {
    for (let index = 0; index < 500; index++) say(client, "x").catch(() => {})
    await bed.clock.advance(20)
  },
}

describe("closing a client", () => {
  it.each(Object.keys(STATES))("[G12] that is %s leaves no timer and no link, and is told to whoever waits", async (state) => {
    bed = await startChat()
    // From here on the log waits for what it holds to expire.
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "x" }))
    await bed.clock.advance(5_000)
    const before = bed.clock.pendingTimers
    const client = bed.connect({ lazy: true })
    await STATES[state]?.(client)
    // Nobody moves the clock for it, which is to stand still until the client closes.
    const pending = say(client, "unsent").then(
      () => undefined,
      (cause: unknown) => cause,
    )
    bed.network.blackHole(false)
    bed.network.cut(true)
    await bed.clock.settle()
    await outcomeOf(bed, client.close())
    expect(await pending).toMatchObject({ code: "CLOSED" })
    expect(await failureOf(bed, say(client, "after"))).toMatchObject({ code: "CLOSED" })
    // What travelled, and the server's own watch over links that were there.
    await bed.clock.advance(20_000)
    expect(bed.network.links).toBe(0)
    expect(bed.server.connections.size).toBe(0)
    expect(bed.clock.pendingTimers).toBe(before)
  })

  it("[G12] twice is closing it once", async () => {
    bed = await startChat()
    const client = bed.connect()
    await bed.clock.until(() => client.status.state === "online")
    expect(client.close()).toBe(client.close())
    await outcomeOf(bed, client.close())
  })
})

describe("closing a server", () => {
  it("[G12] leaves no timer, whatever its connections were doing", async () => {
    bed = await startChat({
      storage: (env) => memoryStorage({ env, commitDelayMs: 200 }),
      auth: { authenticate: ({ key }) => (key === "slow" ? new Promise(() => {}) : { user: undefined }) },
    })
    const subscriber = bed.connect()
    listen(subscriber)
    const publisher = bed.connect({ address: "192.0.2.1" })
    await bed.clock.advance(1_000)
    bed.raw({ key: "slow", plain: true }) // still asking who it is
    bed.raw() // says nothing
    const stalled = bed.raw({ address: "192.0.2.2" })
    stalled.send({ type: "hello", version: 1 }, { type: "subscribe", channel: "chat/a" })
    await bed.clock.settle()
    bed.network.stallReaders(true, "192.0.2.2")
    for (let index = 0; index < 50; index++) say(publisher, "x".repeat(10_000)).catch(() => {})
    await bed.clock.advance(250)
    bed.network.blackHole(true, "192.0.2.1")
    const { server } = bed
    await outcomeOf(bed, Promise.all([subscriber.close(), publisher.close()]))
    await outcomeOf(bed, server.close({ spreadMs: 100 }))
    // What is left of the links is the network's.
    bed.network.reset()
    await bed.clock.settle()
    expect(server.connections.size).toBe(0)
    expect(bed.clock.pendingTimers).toBe(0)
  })

  it("[G12] twice is closing it once", async () => {
    bed = await startChat()
    expect(bed.server.close()).toBe(bed.server.close({ spreadMs: 1 }))
  })

  it("[G12] that was killed leaves nothing of its own either", async () => {
    const members = await startMembers()
    const ann = members.connect({ token: tokenOf("ann") })
    const receipt = say(ann, "x", "short/a") // something expires later
    await members.clock.until(() => ann.statistics.pending === 0)
    await receipt
    members.kill()
    await outcomeOf(members, ann.close())
    await members.clock.advance(5_000)
    expect(members.clock.pendingTimers).toBe(0)
    await closeBed(members)
    bed = await startChat()
  })
})

describe("a client whose listener throws", () => {
  it("[G11] goes on, and says so", async () => {
    bed = await startChat()
    const client = bed.connect()
    const errors: string[] = []
    client.on("error", ({ code }) => errors.push(code))
    const { heard, isLive } = listen(client)
    client.channel("chat/a").on("say", () => {
      throw new Error("boom")
    })
    await bed.clock.until(isLive)
    await outcomeOf(bed, say(client, "x"))
    await bed.clock.settle()
    expect(heard).toEqual(["1 x"])
    expect(errors).toEqual(["INTERNAL"])
  })
})
