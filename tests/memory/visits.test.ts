import { longPoll, type TransportWorld } from "@magpie/client/transports"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ask, HELLO } from "./asking.ts"
import { type ChatBed, closeBed, greeted, listen, numbered, publish, startChat } from "./chat-bed.ts"
import { clustersClosedAfterEach, HOSTS, type ServerCluster } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

/** Requests go to each server by turns, as a load balancer without a memory sends them. */
function byTurns(cluster: ServerCluster): TransportWorld {
  let turn = 0
  const http = cluster.network.http()
  const { clock, random } = cluster.env
  return {
    clock,
    random,
    http: {
      request: (request, events) =>
        http.request({ ...request, url: request.url.replace(/\/\/[^/]+/, `//${HOSTS[turn++ % HOSTS.length]}`) }, events),
    },
  }
}

describe("[F90] clients over long polls behind a load balancer that remembers nobody", () => {
  it("[G1][G2][G3][G4] publish and hear everything once and in order, each request on another server", async () => {
    const cluster = await startCluster()
    const ann = cluster.client("anywhere.test", "ann", longPoll(byTurns(cluster)))
    const bob = cluster.client("anywhere.test", "bob", longPoll(byTurns(cluster)))
    const heard = [listen(ann), listen(bob)]
    await cluster.env.clock.until(() => heard.every(({ isLive }) => isLive()), 30_000)
    const acknowledged: string[] = []
    const sent: string[] = []
    for (let round = 0; round < 20; round++) {
      for (const [name, client] of [
        ["ann", ann],
        ["bob", bob],
      ] as const) {
        const text = `${name} ${round}`
        sent.push(text)
        void client
          .channel("chat/a")
          .send("say", { text })
          .then(() => acknowledged.push(text))
      }
      await cluster.env.clock.advance(150)
    }
    await cluster.env.clock.until(() => acknowledged.length === sent.length && heard.every(({ texts }) => texts.length >= 40), 120_000)
    await cluster.env.clock.advance(5_000)
    for (const { heard: lines, texts, gaps } of heard) {
      expect(texts).toEqual(heard[0]?.texts)
      expect(lines).toEqual(numbered(texts))
      expect(gaps).toEqual([])
      expect(texts.filter((text) => text.startsWith("ann"))).toEqual(sent.filter((text) => text.startsWith("ann")))
      expect(texts.filter((text) => text.startsWith("bob"))).toEqual(sent.filter((text) => text.startsWith("bob")))
    }
    const page = await cluster.settled(ann.channel("chat/a").history())
    expect(page.messages).toHaveLength(40)
  })

  it("[G1][G4] come back to a link that a server keeps, when one answers all, and lose nothing on the way", async () => {
    const cluster = await startCluster()
    const world = byTurns(cluster)
    let only: string | undefined
    const http: TransportWorld["http"] = {
      request(request, events) {
        const url = new URL(request.url)
        paths.push(url.pathname)
        if (only === undefined) return world.http.request(request, events)
        return cluster.network.http().request({ ...request, url: request.url.replace(url.host, only) }, events)
      },
    }
    const paths: string[] = []
    const ann = cluster.client("anywhere.test", "ann", longPoll({ ...world, http }))
    const listener = listen(ann)
    await cluster.env.clock.until(listener.isLive, 30_000)
    expect(paths).toContain("/magpie/visit")
    only = HOSTS[0]
    for (let index = 0; index < 80; index++) {
      void cluster
        .server(1)
        .channel("chat/a")
        .publish("say", { text: `m${index}` })
      await cluster.env.clock.advance(500)
    }
    await cluster.env.clock.until(() => listener.texts.length === 80, 60_000)
    expect(listener.heard).toEqual(numbered(Array.from({ length: 80 }, (_, index) => `m${index}`)))
    expect(paths.slice(-10)).not.toContain("/magpie/visit")
  })

  it("[G4] a server that dies between two visits costs nothing but the way to the other", async () => {
    const cluster = await startCluster()
    const ann = cluster.client("anywhere.test", "ann", longPoll(byTurns(cluster)))
    const listener = listen(ann)
    await cluster.env.clock.until(listener.isLive, 30_000)
    const live = cluster.server(0).channel("chat/a")
    cluster.network.listen(HOSTS[1] ?? "", undefined as never)()
    for (let index = 0; index < 10; index++) {
      void live.publish("say", { text: `m${index}` })
      await cluster.env.clock.advance(1_000)
    }
    await cluster.env.clock.until(() => listener.texts.length === 10, 60_000)
    expect(listener.texts).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`))
    expect(listener.gaps).toEqual([])
  })
})

describe("[F90] a visit", () => {
  let bed: ChatBed
  beforeEach(async () => {
    bed = await startChat()
  })
  afterEach(() => closeBed(bed))

  const visit = (lines: readonly (object | string)[], query = "") =>
    ask(bed, `visit${query}`, {
      method: "POST",
      body: lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
    })
  const said = (asked: ReturnType<typeof ask>) =>
    asked.text
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line))

  it("takes the answers to all that it asked, and leaves nothing", async () => {
    const one = visit([
      HELLO,
      { type: "subscribe", id: 1, channel: "chat/a" },
      publish(2, "said"),
      { type: "history", id: 3, channel: "nowhere/a" },
    ])
    await bed.clock.settle()
    expect(one.json()).toEqual({ n: 0, node: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(said(one).map(({ type, id }) => [type, id])).toEqual(
      expect.arrayContaining([
        ["welcome", undefined],
        ["subscribed", 1],
        ["published", 2],
        ["error", 3],
      ]),
    )
    expect(bed.server.connections.size).toBe(0)
  })

  it("[G2] that is repeated because its answer got lost stores nothing twice", async () => {
    const message = publish(2, "once", { sequence: 1 })
    const answers = []
    for (let time = 0; time < 3; time++) {
      const one = visit([HELLO, message])
      await bed.clock.settle()
      answers.push(said(one).find(({ id }) => id === 2))
    }
    expect(answers).toMatchObject([{ type: "published" }, { duplicate: true }, { duplicate: true }])
    expect(answers[2]).toMatchObject({ position: answers[0].position })
  })

  it("[G2] does nothing under another producer than the one that its numbers belong to", async () => {
    const holder = await greeted(bed, { producer: HELLO.producer })
    const one = visit([HELLO, publish(2, "once", { sequence: 1 })])
    await bed.clock.settle()
    expect(said(one).map(({ type }) => type)).toEqual(["welcome"])
    expect(said(one)[0].producer).not.toBe(HELLO.producer)
    expect(bed.server.channel("chat/a").position.offset).toBe(0)
    holder.close()
    await bed.clock.settle()
  })

  it("waits for news where it is asked to, and is answered after pollMs without any", async () => {
    const standing = { type: "subscribe", id: 2 ** 40, channel: "chat/a" }
    const one = visit([HELLO, standing], "?wait")
    await bed.clock.advance(24_000)
    expect(one.status).toBeUndefined()
    void bed.server.channel("chat/a").publish("say", { text: "news" })
    await bed.clock.settle()
    expect(said(one).at(-1)).toMatchObject({ type: "message", data: { text: "news" } })
    const quiet = visit([HELLO, standing], "?wait")
    await bed.clock.advance(26_000)
    expect(said(quiet).map(({ type }) => type)).toEqual(["welcome", "subscribed"])
  })

  it("[G11] without a hello, or longer than it may be, is refused by its status, and what is malformed by an error", async () => {
    const refused = [visit([publish(1, "x")]), visit([""]), visit([HELLO, "x".repeat(70_000)]), visit([HELLO, "x".repeat(300_000)])]
    const got = ask(bed, "visit")
    const odd = visit([HELLO, "nonsense", '{"type":"publish","id":1}'])
    await bed.clock.settle()
    expect([...refused, got].map(({ status }) => status)).toEqual([400, 400, 413, 413, 405])
    expect(said(odd).map(({ type }) => type)).toEqual(["welcome", "error", "error"])
  })

  it("[F12] comes through the same gate as any link", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { connections: 1 } })
    const client = bed.connect()
    await bed.clock.until(() => client.status.state === "online")
    const one = visit([HELLO])
    const evil = ask(bed, "visit", { method: "POST", body: JSON.stringify(HELLO), origin: "https://evil.example" })
    await bed.clock.settle()
    expect(one.json()).toMatchObject({ close: { code: 4009 } })
    expect(evil.status).toBe(403)
  })
})
