import { afterEach, describe, expect, it } from "vitest"
import { alertsOf } from "../../apps/showcase/src/dashboard/alerts/alerts.ts"
import { createThresholds } from "../../apps/showcase/src/dashboard/alerts/thresholds.ts"
import { isSettled, liveChannels } from "../../apps/showcase/src/dashboard/board/live-channels.ts"
import { openBoard } from "../../apps/showcase/src/dashboard/board/open-board.ts"
import { HOLE_MS, type Point, pointAt, pointsIn, withOlder, withPoint } from "../../apps/showcase/src/dashboard/board/points.ts"
import { movedTo, shownRange, type View } from "../../apps/showcase/src/dashboard/board/view.ts"
import { axisRange, columnsOf } from "../../apps/showcase/src/dashboard/chart/columns.ts"
import { openDesk } from "../../apps/showcase/src/dashboard/desk.ts"
import { PANELS, type Panel } from "../../apps/showcase/src/dashboard/panels.ts"
import { BOARDS, KEPT_MS } from "../../apps/showcase/src/dashboard/schemas.ts"
import { deviceOf, referrerOf } from "../../apps/showcase/src/dashboard/visits/tell-visit.ts"
import { createDashboardBed, type DashboardBed } from "./dashboard-bed.ts"

let its: DashboardBed | undefined
afterEach(async () => {
  await its?.bed.close()
  its = undefined
})

async function open() {
  its = await createDashboardBed()
  return { its, client: its.bed.connect({ address: "10.0.0.9" }) }
}

function storage(first = new Map<string, string>()) {
  return { getItem: (key: string) => first.get(key) ?? null, setItem: (key: string, value: string) => void first.set(key, value) }
}

const at = (time: number, value = 1): Point => ({ at: time, figures: { delay: value } })
const times = (points: readonly Point[]) => points.map((point) => point.at)

describe("a board that is followed", () => {
  it("[G4] has its past from the history and goes on live, also over a link that breaks", async () => {
    const { its, client } = await open()
    const { history } = its.channels.server
    for (const delay of [1, 2, 3]) {
      await its.told(history.publish("point", { figures: { delay } }))
      await its.bed.clock.advance(1_000)
    }
    const board = openBoard(client, "server")
    const values = () => board.points.get().map(({ figures }) => figures.delay)
    await its.bed.clock.until(() => board.state.get() === "live")
    expect(values()).toEqual([1, 2, 3])
    its.bed.network.cut(true, "10.0.0.9")
    for (const delay of [4, 5]) {
      await its.told(history.publish("point", { figures: { delay } }))
      await its.bed.clock.advance(1_000)
    }
    expect(values()).toEqual([1, 2, 3])
    its.bed.network.cut(false, "10.0.0.9")
    await its.bed.clock.until(() => values().length === 5)
    expect(values()).toEqual([1, 2, 3, 4, 5])
    board.close()
    await its.bed.clock.advance(1_000)
    expect([history.subscribers, its.channels.server.now.subscribers]).toEqual([0, 0])
  })

  it("[G4] misses no point that comes between its past and its following", async () => {
    const { its, client } = await open()
    const { history } = its.channels.line
    its.bed.network.latencyMs = 20
    const board = openBoard(client, "line")
    for (let units = 0; board.state.get() !== "live"; units++) {
      void history.publish("point", { figures: { units } })
      await its.bed.clock.advance(1)
    }
    await its.told(history.publish("point", { figures: { units: -1 } }))
    await its.bed.clock.until(() => board.points.get().at(-1)?.figures.units === -1)
    const seen = board.points.get().map(({ figures }) => figures.units)
    expect(seen.slice(0, -1)).toEqual(Array.from({ length: seen.length - 1 }, (_, index) => index))
    expect(seen.length).toBeGreaterThan(2)
    board.close()
  })

  it("reads as far back as somebody looks, page by page, and no further", async () => {
    const { its, client } = await open()
    const { history } = its.channels.line
    const begun = its.bed.clock.now()
    for (let written = 0; written < 1_000; written++) {
      await its.told(history.publish("point", { figures: { units: written } }))
      await its.bed.clock.advance(1_000)
    }
    const board = openBoard(client, "line")
    await its.bed.clock.until(() => board.state.get() === "live")
    expect(board.points.get()).toHaveLength(300)
    await its.told(board.reach(its.bed.clock.now() - 500_000))
    expect(board.points.get()).toHaveLength(600)
    await its.told(board.reach(begun))
    await its.told(board.reach(0))
    expect(board.points.get().map(({ figures }) => figures.units)).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
    board.close()
  })

  it("[G7] shows its newest figures, and shares one connection with the others", async () => {
    const { its, client } = await open()
    const desk = openDesk(client, BOARDS, storage())
    const feed = its.feedOf()
    await its.bed.clock.until(() => isSettled(desk.boards).get())
    expect(liveChannels(desk.boards).get()).toBe(6)
    expect(its.bed.server.connections.size).toBe(1)
    expect([...its.bed.server.connections].flatMap(({ channels }) => channels)).toHaveLength(6)
    const server = desk.boards[0]
    await its.bed.clock.until(() => server?.now.get().connections === 1)
    its.load.delay = 400
    await its.bed.clock.until(() => server?.now.get().delay === 400)
    feed.close()
    desk.close()
  })

  it("stands still where somebody stops it, while its past goes on growing, and follows again", async () => {
    const { its, client } = await open()
    const feed = its.feedOf()
    const desk = openDesk(client, ["server"], storage())
    await its.bed.clock.until(() => (desk.boards[0]?.points.get().length ?? 0) > 2)
    desk.pause()
    const stoppedAt = desk.newest.get()
    await its.bed.clock.advance(20_000)
    expect(desk.view.get().stoppedAt).toBe(stoppedAt)
    expect(desk.newest.get()).toBeGreaterThan(stoppedAt)
    desk.lookAt(stoppedAt - 5_000)
    expect(desk.view.get().stoppedAt).toBe(stoppedAt - 5_000)
    desk.follow()
    expect(desk.view.get().stoppedAt).toBeUndefined()
    feed.close()
    desk.close()
  })

  it("alerts where its figures pass a threshold, by what each viewer set", async () => {
    const { its, client } = await open()
    const feed = its.feedOf()
    const [mine, theirs] = [openDesk(client, ["server"], storage()), openDesk(its.bed.connect(), ["server"], storage())]
    const delay = PANELS.find(({ id }) => id === "delay") ?? PANELS[0]
    theirs.thresholds.set(delay, 1_000)
    await its.bed.clock.until(() => [mine, theirs].every((desk) => isSettled(desk.boards).get()))
    its.load.delay = 300
    await its.bed.clock.until(() => mine.alerts.get().some(({ to }) => to === undefined))
    its.load.delay = 2
    await its.bed.clock.until(() => mine.alerts.get().every(({ to }) => to !== undefined))
    expect(mine.alerts.get()).toMatchObject([{ panel: "delay", worst: 300 }])
    expect(theirs.alerts.get()).toEqual([])
    feed.close()
    mine.close()
    theirs.close()
  })
})

describe("alerts", () => {
  const above: Panel = { id: "delay", board: "server", metrics: ["delay"], unit: "milliseconds", side: "above", threshold: 10 }
  const told = (values: readonly (number | undefined)[], panel: Panel = above) =>
    alertsOf(
      values.map((value, index) => ({ at: index, figures: value === undefined ? {} : { delay: value } })),
      panel,
      10,
    ).map(({ from, to, worst }) => [from, to, worst])

  it("begin with two bad points in a row and end with two good ones", () => {
    expect(told([1, 50, 1, 50, 50, 1, 90, 1, 1, 1])).toEqual([[3, 7, 90]])
    expect(told([11, 12])).toEqual([[0, undefined, 12]])
    expect(told([10, 10, 10])).toEqual([])
    expect(told([])).toEqual([])
  })

  it("are told for figures that are too low, of any of a panel's figures, and of none where nobody set a threshold", () => {
    expect(told([50, 9, 8, 50, 50], { ...above, side: "below" })).toEqual([[1, 3, 8]])
    const points = [1, 2].map((time) => ({ at: time, figures: { in: 1, out: 90 } }))
    expect(alertsOf(points, { ...above, metrics: ["in", "out"] }, 10)).toMatchObject([{ from: 1, worst: 90 }])
    expect(alertsOf(points, { ...above, metrics: ["in", "out"] }, undefined)).toEqual([])
  })

  it("end where nothing is known any more, and are not begun by what is missing", () => {
    expect(told([50, 50, undefined, undefined, 1])).toEqual([[0, 2, 50]])
    const points = [at(0, 50), at(1_000, 50), at(1_001 + HOLE_MS, 50)]
    expect(alertsOf(points, above, 10)).toEqual([{ panel: "delay", from: 0, to: 1_000, worst: 50 }])
  })
})

describe("thresholds", () => {
  const panel = (id: string) => PANELS.find((each) => each.id === id) ?? PANELS[0]

  it("are those of the page until somebody sets others, which this browser keeps, also none", () => {
    const kept = storage()
    const thresholds = createThresholds(kept)
    expect([thresholds.of(panel("delay")), thresholds.of(panel("connections"))]).toEqual([100, undefined])
    thresholds.set(panel("delay"), undefined)
    thresholds.set(panel("connections"), 7)
    thresholds.set(panel("heap"), Number.NaN)
    const again = createThresholds(kept)
    expect(["delay", "connections", "heap"].map((id) => again.of(panel(id)))).toEqual([undefined, 7, undefined])
  })

  it("that are spoilt are forgotten", () => {
    for (const spoilt of ["{", "3", "null", '{"delay":"much"}', '{"other":4}'])
      expect(createThresholds(storage(new Map([["magpie.dashboard.thresholds", spoilt]]))).of(panel("delay"))).toBe(100)
  })
})

describe("points", () => {
  it("stand in order, once, and only as long as the server keeps them", () => {
    expect(times([at(1), at(3), at(2), at(3), at(4)].reduce(withPoint, [] as readonly Point[]))).toEqual([1, 3, 4])
    expect(times(withPoint([at(1), at(2), at(3)], at(KEPT_MS + 2)))).toEqual([3, KEPT_MS + 2])
    expect(times(withOlder([at(5), at(6)], [at(3), at(4), at(5)]))).toEqual([3, 4, 5, 6])
  })

  it("of a span come with their neighbours, and what was known at a time with its age", () => {
    const points = [at(10), at(20), at(30), at(40)]
    expect(times(pointsIn(points, 15, 35))).toEqual([10, 20, 30, 40])
    expect(times(pointsIn(points, 20, 30))).toEqual([10, 20, 30, 40])
    expect(times(pointsIn(points, 31, 35))).toEqual([30, 40])
    expect([pointAt(points, 9), pointAt(points, 10)?.at, pointAt(points, 39)?.at]).toEqual([undefined, 10, 30])
    expect([pointAt(points, 40 + HOLE_MS)?.at, pointAt(points, 41 + HOLE_MS)]).toEqual([40, undefined])
  })

  it("are drawn with a gap where nothing is known for long, and where one figure is missing", () => {
    const points = [
      { at: 1, figures: { a: 1, b: 2 } },
      { at: 2, figures: { a: 3 } },
      { at: 3 + HOLE_MS, figures: { a: 4, b: 5 } },
    ]
    expect(columnsOf(points, ["a", "b"])).toEqual([
      [1, 2, 3, 3 + HOLE_MS],
      [1, 3, null, 4],
      [2, null, null, 5],
    ])
  })

  it("have an axis from zero for amounts, with the threshold where it is near", () => {
    expect(axisRange(2, 10, "milliseconds", 100)).toEqual([0, 10 * 1.12])
    expect(axisRange(2, 80, "milliseconds", 100)).toEqual([0, 100 * 1.12])
    expect(axisRange(0, 0, "count", undefined)).toEqual([0, 1])
    const [low, high] = axisRange(70, 74, "celsius", 85)
    expect(low).toBeLessThan(70)
    expect(high).toBeGreaterThan(85)
  })
})

describe("what time is shown", () => {
  const view: View = { spanMs: 300_000, stoppedAt: undefined }

  it("ends now, or where somebody looks; moved to the newest moment it follows again", () => {
    expect(shownRange(view, 1_000_000)).toEqual({ from: 700_000, to: 1_000_000 })
    const stopped = movedTo(view, 500_000, 1_000_000)
    expect(shownRange(stopped, 2_000_000)).toEqual({ from: 200_000, to: 500_000 })
    expect(movedTo(stopped, 1_000_000, 1_000_000).stoppedAt).toBeUndefined()
  })
})

describe("what a page tells of its visit", () => {
  it("is a class of devices, and of the link that led here its host alone", () => {
    expect([deviceOf(390, true), deviceOf(820, true), deviceOf(1_200, false), deviceOf(1_900, true)]).toEqual([
      "phone",
      "tablet",
      "desktop",
      "desktop",
    ])
    expect(referrerOf("https://News.example.org:8443/item?id=7#me", "magpie.example")).toBe("news.example.org:8443")
    expect(referrerOf("https://鵲.example/", "magpie.example")).toMatch(/^xn--/)
    for (const none of ["", "not an address", "https://magpie.example/#/chat", "about:blank"])
      expect(referrerOf(none, "magpie.example")).toBe("direct")
    expect(referrerOf(`https://${"a".repeat(60)}.${"b".repeat(60)}.example/`, "magpie.example")).toBe("other")
  })
})
