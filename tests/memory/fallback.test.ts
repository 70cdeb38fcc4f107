import type { Client, StatusChange } from "@magpie/client"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { allWays, memoryOfTransports } from "../transport-suite/ways.ts"
import { type App, type ChatBed, closeBed, listen, numbered, outcomeOf, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
beforeEach(async () => {
  bed = await startChat()
})
afterEach(() => closeBed(bed))

const CLIENT = "192.0.2.7"

function connect(memory = memoryOfTransports()) {
  const client: Client<App> = bed.connect({ address: CLIENT, transport: allWays(memory) })
  const changes: StatusChange[] = []
  client.on("status", (change) => void changes.push(change))
  return { client, changes, memory }
}

const online = (client: Client<App>): boolean => client.status.state === "online"

/** How long it takes until something is so, in fake milliseconds. */
async function timeUntil(fact: () => boolean): Promise<number> {
  const started = bed.clock.monotonic()
  await bed.clock.until(fact, 120_000)
  return bed.clock.monotonic() - started
}

describe("several transports as one", () => {
  it("takes a WebSocket where one comes through, and asks for nothing else", async () => {
    const { client, memory } = connect()
    await bed.clock.until(() => online(client))
    expect(bed.network.linksOf(CLIENT)).toBe(1)
    expect(memory.kept).toBeUndefined()
    expect(await timeUntil(() => true)).toBe(0)
  })

  it.each(["drop", "mute"] as const)("[F89] a network that %ss WebSockets silently costs three seconds, once", async (fault) => {
    bed.network.middlebox.webSockets = fault
    bed.network.latencyMs = 10
    const { client, changes, memory } = connect()
    const first = await timeUntil(() => online(client))
    expect(first).toBeGreaterThanOrEqual(3_000)
    expect(first).toBeLessThan(3_200)
    expect(memory.kept).toBe("sse")
    bed.network.reset(CLIENT)
    await bed.clock.until(() => !online(client))
    const wait = changes.at(-1)?.retryInMs ?? 0
    expect((await timeUntil(() => online(client))) - wait).toBeLessThan(200)
    // The page is loaded anew: what was found out still holds.
    await outcomeOf(bed, client.close())
    const again = connect(memory)
    expect(await timeUntil(() => online(again.client))).toBeLessThan(200)
  })

  it("falls back at once where WebSockets are refused", async () => {
    bed.network.middlebox.webSockets = "refuse"
    const { client, memory } = connect()
    expect(await timeUntil(() => online(client))).toBeLessThan(100)
    expect(memory.kept).toBe("sse")
  })

  it("[F89] goes on to long polls where a proxy holds event streams back, and everything arrives", async () => {
    Object.assign(bed.network.middlebox, { webSockets: "refuse", streams: "buffer" })
    const { client, memory } = connect()
    const listener = listen(client)
    const took = await timeUntil(() => online(client))
    expect(took).toBeLessThan(3_200)
    expect(memory.kept).toBe("long-poll")
    await bed.clock.until(listener.isLive)
    await outcomeOf(bed, say(client, "through"))
    await bed.clock.advance(1_000)
    expect(listener.heard).toEqual(numbered(["through"]))
  })

  it("[F91][G1][G2][G3] changes transport in the middle of a stream, down and up again, and loses and doubles nothing", async () => {
    bed.network.latencyMs = 20
    const memory = memoryOfTransports()
    const { client } = connect(memory)
    const listener = listen(client)
    await bed.clock.until(listener.isLive)
    const used = new Set<string>()
    const sent: string[] = []
    const theirs: string[] = []
    const acknowledged: string[] = []
    const faults = [
      { webSockets: "pass", streams: "pass" },
      { webSockets: "mute", streams: "pass" },
      { webSockets: "drop", streams: "buffer" },
      { webSockets: "refuse", streams: "pass" },
      { webSockets: "pass", streams: "pass" },
    ] as const
    for (const fault of faults) {
      Object.assign(bed.network.middlebox, fault)
      bed.network.reset(CLIENT)
      for (let round = 0; round < 40; round++) {
        const text = `mine ${sent.length}`
        sent.push(text)
        void say(client, text).then(() => acknowledged.push(text))
        theirs.push(`theirs ${theirs.length}`)
        void bed.server.channel("chat/a").publish("say", { text: `theirs ${theirs.length - 1}` })
        await bed.clock.advance(300)
        used.add(memory.kept ?? "websocket")
      }
    }
    await bed.clock.until(() => acknowledged.length === sent.length && listener.texts.length >= sent.length + theirs.length, 240_000)
    expect(used).toEqual(new Set(["websocket", "sse", "long-poll"]))
    expect(listener.texts.filter((text) => text.startsWith("mine"))).toEqual(sent)
    expect(listener.texts.filter((text) => text.startsWith("theirs"))).toEqual(theirs)
    expect(listener.heard).toEqual(numbered(listener.texts))
    expect(listener.gaps).toEqual([])
  })

  it("[F91] climbs back when WebSockets come through again, without a break that anybody waits for", async () => {
    bed.network.middlebox.webSockets = "refuse"
    const { client, changes, memory } = connect()
    const listener = listen(client)
    await bed.clock.until(listener.isLive)
    expect(memory.kept).toBe("sse")
    await bed.clock.advance(60_000)
    expect(changes.filter(({ to }) => to === "online")).toHaveLength(1)
    bed.network.middlebox.webSockets = "pass"
    await bed.clock.until(() => memory.kept === undefined && online(client), 240_000)
    expect(changes.slice(-3).map(({ to }) => to)).toEqual(["reconnecting", "connecting", "online"])
    expect(changes.at(-3)?.retryInMs).toBeLessThanOrEqual(500)
    await bed.clock.advance(600_000)
    expect(changes.filter(({ to }) => to === "online")).toHaveLength(2)
    expect([...bed.server.connections]).toHaveLength(1)
  })

  it("does not climb to what opens and lets no frame through", async () => {
    bed.network.middlebox.webSockets = "mute"
    const { client, changes, memory } = connect()
    await bed.clock.until(() => online(client))
    await bed.clock.advance(900_000)
    expect(memory.kept).toBe("sse")
    expect(changes.filter(({ to }) => to === "online")).toHaveLength(1)
  })

  it("a remembered transport that no longer works is left for the others", async () => {
    bed.network.middlebox.streams = "buffer"
    const memory = memoryOfTransports("sse")
    const { client } = connect(memory)
    expect(await timeUntil(() => online(client))).toBeLessThan(3_200)
    expect(memory.kept).toBe("long-poll")
    await bed.clock.until(() => memory.kept === undefined && online(client), 240_000)
  })

  it("[G12] a client that is closed while it looks for a way leaves nothing", async () => {
    bed.network.middlebox.webSockets = "drop"
    const { client } = connect()
    await bed.clock.advance(1_500)
    const closing = client.close()
    await bed.clock.advance(10_000)
    await closing
    expect(bed.server.connections.size).toBe(0)
  })

  it("passes on what a server says by a close, and does not take it for a fault of the network", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { connections: 1 } })
    const other = bed.connect()
    await bed.clock.until(() => other.status.state === "online")
    const { changes, memory } = connect()
    await bed.clock.until(() => changes.some(({ to }) => to === "reconnecting"))
    expect(changes.at(-1)?.cause).toMatchObject({ code: "UNAVAILABLE", details: { closeCode: 4009 } })
    expect(memory.kept).toBeUndefined()
  })

  it("tries all of them, the first first, while nobody answers, and comes back when somebody does", async () => {
    bed.network.cut(true, CLIENT)
    const { client, changes } = connect()
    await bed.clock.advance(5_000)
    expect(changes.filter(({ to }) => to === "reconnecting").length).toBeGreaterThanOrEqual(3)
    bed.network.cut(false, CLIENT)
    await bed.clock.until(() => online(client), 60_000)
  })
})
