import type { RawConnection } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { clustersClosedAfterEach, HOSTS, type ServerCluster } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

/** Two servers whose nodes have agreed on the newest rules. */
async function start(): Promise<ServerCluster> {
  const cluster = await startCluster()
  await cluster.env.clock.advance(3_000)
  return cluster
}

const [A = "", B = ""] = HOSTS
const follow = (raw: RawConnection, channel = "chat/a"): void => raw.send({ type: "subscribe", id: 1, channel })
const texts = (raw: RawConnection): unknown[] => raw.of("message").map(({ data }) => (data as { text: string }).text)

async function followers(cluster: ServerCluster, ...of: readonly (readonly [host: string, user: string | undefined])[]) {
  const raws = of.map(([host, token]) => cluster.raw(host, { token }))
  await cluster.env.clock.advance(100)
  for (const raw of raws) follow(raw)
  await cluster.env.clock.advance(100)
  for (const raw of raws) expect(raw.reply(1)).toMatchObject({ type: "subscribed" })
  return raws
}

describe("a revocation", () => {
  test("[F35][G10] done on one server lets nothing more through on the other, however that one lags", async () => {
    const cluster = await start()
    const { env, model, server, settled } = cluster
    const [mallory, ada] = (await followers(cluster, [B, "mallory"], [B, "ada"])) as [RawConnection, RawConnection]
    // What is appended reaches the other server late, and still in time for it to count as fresh.
    model.slowTail(B, 200)
    await settled(server(0).revoke({ user: "mallory" }))
    await settled(server(0).channel("chat/a").publish("say", { text: "not for her" }))
    model.slowTail(B, 0)
    await env.clock.advance(10_000)
    expect(mallory.closedWith).toMatchObject({ code: 4503 })
    expect(texts(mallory)).toEqual([])
    expect(ada.closedWith).toBeUndefined()
  })

  test("[F35][G10] reaches a server whose process stood still before it delivers anything", async () => {
    const cluster = await start()
    const { env, processes, server, settled } = cluster
    const [mallory, nobody] = (await followers(cluster, [B, "mallory"], [B, undefined])) as [RawConnection, RawConnection]
    processes[1]?.pause()
    await settled(server(0).revoke({ user: "mallory" }))
    await settled(server(0).channel("chat/a").publish("say", { text: "not for her" }))
    processes[1]?.resume()
    await env.clock.advance(10_000)
    expect(mallory.closedWith).toMatchObject({ code: 4503 })
    expect(texts(mallory)).toEqual([])
    expect(texts(nobody)).toEqual(["not for her"])
  })
})

describe("a server that has not heard of the log for more than a second", () => {
  test("[G10] ends what named users follow, and they follow again once it has", async () => {
    const cluster = await start()
    const { env, model, logs, client } = cluster
    const [ada, nobody] = (await followers(cluster, [B, "ada"], [B, undefined])) as [RawConnection, RawConnection]
    const room = client(B, "eve").channel("chat/a")
    const heard: string[] = []
    room.on("say", ({ data }) => heard.push(data.text))
    await env.clock.until(() => room.subscription.state.state === "live")
    model.cut(B)
    await env.clock.until(() => logs[1]?.control.fresh === false)
    await env.clock.advance(10)
    expect(ada.of("unsubscribed")).toMatchObject([{ channel: "chat/a", code: "UNAVAILABLE" }])
    expect(ada.closedWith).toBeUndefined()
    expect(nobody.of("unsubscribed")).toEqual([])
    expect(room.subscription.state.state).not.toBe("live")
    await cluster.settled(cluster.server(0).channel("chat/a").publish("say", { text: "meanwhile" }))
    model.heal(B)
    await env.clock.until(() => heard.length > 0)
    expect(heard).toEqual(["meanwhile"])
    expect(texts(ada)).toEqual([])
  })

  test("[G10] passes no broadcast on to them either", async () => {
    const cluster = await start()
    const { env, model, logs, server } = cluster
    const [ada, nobody] = [cluster.raw(B, { token: "ada" }), cluster.raw(B, {})]
    await env.clock.advance(100)
    for (const raw of [ada, nobody]) follow(raw, "cursor/a")
    await env.clock.advance(100)
    model.cut(B)
    await env.clock.until(() => logs[1]?.control.fresh === false)
    server(1).channel("cursor/a").publish("move", { x: 1 })
    await env.clock.advance(100)
    expect([ada.of("message"), nobody.of("message").length]).toEqual([[], 1])
    model.heal(B)
  })
})

describe("a ticket", () => {
  test("[F37] counts once among all servers, whichever it comes to first", async () => {
    const cluster = await start()
    const { env, server } = cluster
    const ticket = server(0).tickets.issue({ user: { id: "ann" } })
    const raws = Array.from({ length: 50 }, (_, index) => cluster.raw(index % 2 === 0 ? B : A, { ticket }))
    await env.clock.advance(1_000)
    expect(raws.filter((raw) => raw.of("welcome").length === 1)).toHaveLength(1)
    expect(raws.filter((raw) => raw.closedWith?.code === 4502)).toHaveLength(49)
  })

  test("[F37] that cannot be looked up is neither taken nor refused", async () => {
    const cluster = await start()
    const { env, model, server } = cluster
    const ticket = server(0).tickets.issue({ user: { id: "ann" }, expiresInMs: 120_000 })
    model.cut(B)
    await env.clock.advance(2_000)
    const early = cluster.raw(B, { ticket })
    await env.clock.advance(15_000)
    expect(early.of("welcome")).toEqual([])
    expect([1013, 4501]).toContain(early.closedWith?.code)
    model.heal(B)
    await env.clock.advance(10_000)
    const other = cluster.raw(A, { ticket: server(1).tickets.issue({ user: { id: "ann" } }) })
    await env.clock.advance(1_000)
    expect(other.of("welcome")).toHaveLength(1)
  })
})
