import { presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import { seededRandom } from "@magpie/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { summaryOf } from "../../apps/showcase/src/dashboard/feed/board-writer.ts"
import { type DashboardFeed, IDLE_MS, POINT_MS, READ_MS } from "../../apps/showcase/src/dashboard/feed/dashboard-feed.ts"
import { createSimulatedLine } from "../../apps/showcase/src/dashboard/feed/simulated-line.ts"
import { createVisitFigures, MOST_NAMES, MOST_VISITORS } from "../../apps/showcase/src/dashboard/feed/visit-figures.ts"
import type { Visit } from "../../apps/showcase/src/dashboard/schemas.ts"
import { createDashboardBed, type DashboardBed } from "./dashboard-bed.ts"

let its: DashboardBed
let feed: DashboardFeed
beforeEach(async () => {
  its = await createDashboardBed()
  feed = its.feedOf()
})
afterEach(async () => {
  feed.close()
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

const points = () => its.channels.server.history.history({ last: 4_000 })
const here: Visit = { page: "chat", device: "phone", referrer: "direct" }

/** Follows a board's newest figures. */
async function follow(board: "server" | "visits" | "line") {
  const figures = table(its.bed.connect().channel(`dashboard/now/${board}`))
  await its.bed.clock.until(() => figures.state.state === "live")
  return { value: (metric: string) => figures.rows.get(metric)?.value.value, figures }
}

describe("the feed of the dashboards", () => {
  it("keeps a point now and then while nobody looks, and one every other second while somebody does", async () => {
    await its.bed.clock.advance(10 * IDLE_MS)
    const idle = points().length
    expect(idle).toBeGreaterThanOrEqual(9)
    expect(idle).toBeLessThanOrEqual(10)
    const { figures } = await follow("line")
    const before = points().length
    await its.bed.clock.advance(30 * POINT_MS)
    expect(points().length - before).toBeGreaterThanOrEqual(28)
    figures.close()
    await its.bed.clock.advance(2 * IDLE_MS)
    const after = points().length
    await its.bed.clock.advance(5 * IDLE_MS)
    expect(points().length - after).toBeLessThanOrEqual(5)
  })

  it("tells what the server itself counts: who is connected, and every message in and out", async () => {
    const { value } = await follow("server")
    const [ann, bob] = [its.bed.connect(), its.bed.connect()]
    const heard: string[] = []
    bob.channel("typing/lobby").on("typing", ({ data }) => heard.push(data.author))
    await its.bed.clock.until(() => bob.channel("typing/lobby").subscription.state.state === "live" && ann.status.state === "online")
    await its.bed.clock.until(() => value("connections") === 3)
    const { messagesIn = 0, messagesOut = 0 } = its.bed.server.counters
    for (let sent = 0; sent < 50; sent++) ann.channel("typing/lobby").send("typing", { author: `ann ${sent}`, active: true })
    await its.bed.clock.until(() => heard.length === 50)
    expect((its.bed.server.counters.messagesIn ?? 0) - messagesIn).toBeGreaterThanOrEqual(50)
    expect((its.bed.server.counters.messagesOut ?? 0) - messagesOut).toBeGreaterThanOrEqual(50)
    await its.bed.clock.until(() => (value("in") ?? 0) >= 40 && (value("out") ?? 0) >= 40, 2 * READ_MS)
    expect([value("delay"), value("heap")]).toEqual([2, 50])
    await its.bed.clock.until(() => value("log") !== undefined)
  })

  it("keeps the worst delay between two points, and the mean of the rest", () => {
    expect(
      summaryOf([
        { delay: 2, log: 30, in: 10 },
        { delay: 80, log: 1, in: 20 },
      ]),
    ).toEqual({ delay: 80, log: 30, in: 15 })
    expect(summaryOf([{ "page/chat": 3 }, {}])).toEqual({})
    expect(summaryOf([])).toEqual({})
  })

  it("[G12] writes nothing after it was closed", async () => {
    await follow("server")
    await its.bed.clock.advance(5_000)
    feed.close()
    const before = points().length
    await its.bed.clock.advance(5 * IDLE_MS)
    expect(points().length).toBe(before)
  })

  it("goes on after a read that failed", async () => {
    feed.close()
    let asked = 0
    feed = its.feedOf({
      sources: {
        server: () => {
          asked += 1
          if (asked === 1) throw new Error("no figures today")
          return { connections: asked }
        },
        visits: () => ({}),
        line: () => ({}),
      },
    })
    const { value } = await follow("server")
    await its.bed.clock.until(() => (value("connections") ?? 0) > 1)
  })
})

describe("visits", () => {
  it("are counted by page, host and device while they last, and told to nobody one by one [G10]", async () => {
    const { value, figures } = await follow("visits")
    const visitors = [here, here, { page: "quotes", device: "desktop", referrer: "example.org" } as const].map((state) => {
      const client = its.bed.connect()
      return { client, entered: presence(client.channel("dashboard/visits"), { watch: false, state }) }
    })
    await its.bed.clock.until(() => value("visitors") === 3)
    expect(Object.fromEntries([...figures.rows].map(([metric, row]) => [metric, row.value.value]))).toEqual({
      visitors: 3,
      "device/desktop": 1,
      "device/phone": 2,
      "device/tablet": 0,
      "page/chat": 2,
      "page/quotes": 1,
      "referrer/direct": 2,
      "referrer/example.org": 1,
    })
    await its.told(visitors[2]?.entered.leave() ?? Promise.resolve())
    await its.bed.clock.until(
      () => value("visitors") === 2 && !figures.rows.has("page/quotes") && !figures.rows.has("referrer/example.org"),
    )
    const watcher = presence(its.bed.connect().channel("dashboard/visits"))
    await its.bed.clock.until(() => watcher.state.state === "refused")
    expect(watcher.members.size).toBe(0)
  })

  it("outlive a link that breaks and comes back, and end a lease after it broke for good", async () => {
    const { value } = await follow("visits")
    const client = its.bed.connect({ address: "10.0.0.9" })
    presence(client.channel("dashboard/visits"), { watch: false, state: here })
    await its.bed.clock.until(() => value("visitors") === 1)
    its.bed.network.cut(true, "10.0.0.9")
    await its.bed.clock.advance(5_000)
    expect(value("visitors")).toBe(1)
    await its.bed.clock.until(() => value("visitors") === 0, 60_000)
    its.bed.network.cut(false, "10.0.0.9")
    await its.bed.clock.until(() => value("visitors") === 1, 60_000)
  })

  it("that say more than the contract has are refused: a whole address, another device, more fields are not taken over", async () => {
    const client = its.bed.connect()
    const enter = (state: unknown) => its.told(presence(client.channel("dashboard/visits"), { watch: false }).enter(state as Visit))
    await expect(enter({ ...here, referrer: "https://example.org/search?q=secret" })).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await expect(enter({ ...here, device: "toaster" })).rejects.toMatchObject({ code: "BAD_REQUEST" })
    await enter({ ...here, name: "Ann" })
    const { members } = await its.told(its.bed.server.channel("dashboard/visits").presence.page())
    expect(members.map(({ state }) => state)).toEqual([here])
  })

  it("have few names however many hosts they claim, and are looked at up to a bound", async () => {
    let asked = 0
    const crowd = createVisitFigures({
      page: ({ limit }) => {
        asked += 1
        const members = Array.from({ length: limit }, (_, index) => ({ state: { ...here, referrer: `host-${index}.example` } }))
        return Promise.resolve({ counts: { members: 90_000 }, members, next: "more" })
      },
    })
    const figures = await crowd(1_000)
    const names = Object.keys(figures).filter((metric) => metric.startsWith("referrer/"))
    expect(names).toHaveLength(MOST_NAMES + 1)
    expect(figures.visitors).toBe(90_000)
    expect(asked * 500).toBe(MOST_VISITORS)
    expect(names.reduce((sum, name) => sum + (figures[name] ?? 0), 0)).toBe(MOST_VISITORS)
  })

  it("and figures are written by the server alone, and other boards than there are cannot be followed", async () => {
    const client = its.bed.connect()
    const rows = table(client.channel("dashboard/now/server"))
    await expect(its.told(rows.set("connections", { value: 1_000 }))).rejects.toMatchObject({ code: "FORBIDDEN" })
    const history = client.channel("dashboard/history/server")
    await expect(its.told(history.send("point", { figures: { connections: 1_000 } }))).rejects.toMatchObject({ code: "FORBIDDEN" })
    const other = table(client.channel("dashboard/now/other"))
    await its.bed.clock.until(() => other.state.state === "refused")
  })
})

describe("the simulated line", () => {
  it("is calm for most of the time, grows hot and slow in a fault, and recovers", () => {
    const line = createSimulatedLine(seededRandom(7).float)
    const readings = Array.from({ length: 3_600 }, () => line(1_000) as Record<"temperature" | "pressure" | "units", number>)
    const hot = readings.filter(({ temperature }) => temperature > 85)
    expect(hot.length).toBeGreaterThan(100)
    expect(hot.length).toBeLessThan(1_800)
    const means = (of: typeof readings, name: keyof (typeof readings)[number]) => of.reduce((sum, each) => sum + each[name], 0) / of.length
    expect(means(hot, "units")).toBeLessThan(50)
    expect(means(hot, "pressure")).toBeGreaterThan(5.6)
    for (const { temperature, pressure, units } of readings) {
      expect(temperature).toBeGreaterThan(60)
      expect(temperature).toBeLessThan(100)
      expect(pressure).toBeLessThan(7)
      expect(units).toBeGreaterThan(25)
    }
  })

  it("is as hot after ten seconds of a fault whether it was asked often or once", () => {
    const failing = () => {
      const drawn = [0]
      return createSimulatedLine(() => drawn.pop() ?? 0.5)
    }
    const [often, seldom] = [failing(), failing()]
    for (let asked = 1; asked < 10; asked++) often(1_000)
    expect(often(1_000)).toEqual(seldom(10_000))
    expect(seldom(0).temperature).toBeGreaterThan(80)
    expect(createSimulatedLine(() => 0.5)(0)).toEqual({ temperature: 72, pressure: 5.2, units: 62 })
  })
})
