import { type Presence, presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import type { KindOf } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { outcomeOf } from "./chat-bed.ts"
import { type App, closeBed, enter, link, only, type PresenceBed, startPresence, told, watch } from "./presence-bed.ts"
import { startCluster } from "./presence-cluster-bed.ts"

const CHANNEL = "prices/a"
const AT = { channel: CHANNEL }

const named = (room: Presence<KindOf<App, "prices/:id">>): string[] => [...room.members.values()].map(({ state }) => state.name)

describe("presence on a table", () => {
  let bed: PresenceBed
  afterEach(() => closeBed(bed))

  it("[I20] tells who comes, changes and goes, apart from the rows, and nothing of a link that is lost and comes back", async () => {
    bed = await startPresence()
    const [ann, bob] = [bed.connect({ token: "ann", address: "ann" }), bed.connect({ token: "bob" })]
    const channel = bob.channel(CHANNEL)
    const rows = table(channel)
    const seen = presence(channel)
    const lines: string[] = []
    seen.on("join", ({ state }) => lines.push(`+${state.name}`))
    seen.on("update", ({ state }) => lines.push(`~${state.name}`))
    seen.on("leave", ({ state }) => lines.push(`-${state.name}`))
    const her = presence(ann.channel(CHANNEL), { state: { name: "ann" } })
    await bed.clock.until(() => seen.members.size === 1 && rows.state.state === "live")
    bed.network.reset("ann")
    await outcomeOf(bed, rows.set("MGP", 9))
    await bed.clock.advance(15_000)
    expect([named(seen), lines, rows.rows.get("MGP")?.value]).toEqual([["ann"], ["+ann"], 9])
    await outcomeOf(bed, her.update({ name: "Ann" }))
    // The rows are let go of, and who is there is told further.
    rows.close()
    await outcomeOf(bed, her.leave())
    await bed.clock.advance(1_000)
    expect(lines).toEqual(["+ann", "~Ann", "-Ann"])
    expect(seen.counts).toEqual({ members: 0, users: 0 })
  })

  it("is read by the server's code beside the rows", async () => {
    bed = await startPresence()
    const prices = bed.server.channel(CHANNEL)
    await outcomeOf(bed, prices.set("MGP", 9))
    const raw = await link(bed, { token: "ann" })
    raw.send(enter({ name: "ann" }, AT))
    await bed.clock.settle()
    expect(prices.presence.counts).toEqual({ members: 1, users: 1 })
    expect((await prices.presence.page()).members).toMatchObject([{ user: "ann", state: { name: "ann" } }])
    expect(prices.get("MGP")).toMatchObject({ value: 9, version: 1 })
    expect(prices.subscribers).toBe(0)
  })

  it("[G10] [F38] is refused without the right to it, whatever rows may be read and written", async () => {
    bed = await startPresence({ authorize: ({ action, user }) => user?.id === "ann" || action === "subscribe" })
    const [ann, eve] = [await link(bed, { token: "ann" }), await link(bed, { token: "eve" })]
    ann.send(enter({ name: "ann" }, AT))
    eve.send({ type: "subscribe", id: 1, ...AT }, enter({ name: "eve" }, { ...AT, id: 2 }), watch({ ...AT, id: 3 }))
    eve.send({ type: "members", id: 4, ...AT })
    await bed.clock.settle()
    expect(eve.reply(1)).toMatchObject({ type: "subscribed", kind: "table" })
    for (const id of [2, 3, 4]) expect(eve.reply(id)).toMatchObject({ type: "error", code: "FORBIDDEN" })
    expect(bed.server.channel(CHANNEL).presence.counts.members).toBe(1)
  })

  it.each(["sampled", "counts"])("has the %s mode", async (mode) => {
    bed = await startPresence()
    const eve = await link(bed, { token: "eve" })
    eve.send(watch({ ...AT, mode }))
    const ann = await link(bed, { token: "ann" })
    ann.send(enter({ name: "ann" }, AT))
    await bed.clock.advance(2_000)
    expect(only(eve, "watched")).toMatchObject({ mode, answer: "snapshot", counts: { members: 0 } })
    expect(eve.of("presence")[0]).toMatchObject({ counts: { members: 1, users: 1 } })
    expect(told(eve)).toEqual(mode === "sampled" ? ["+ann"] : [])
  })
})

describe("presence on a table of three nodes", () => {
  it("[I20] is one for all of them, and ends for a dead node's members once", async () => {
    const cluster = await startCluster()
    const [ann, bob] = [cluster.roamer("ann", "a.test"), cluster.roamer("bob", "b.test")]
    presence(ann.client.channel(CHANNEL), { state: { name: "ann" } })
    const seen = presence(bob.client.channel(CHANNEL))
    let left = 0
    seen.on("leave", () => left++)
    await cluster.env.clock.until(() => seen.members.size === 1)
    cluster.network.cut(true, ann.address)
    cluster.kill("a.test")
    await cluster.env.clock.advance(60_000)
    expect([seen.members.size, left]).toEqual([0, 1])
    await cluster.close()
  })
})
