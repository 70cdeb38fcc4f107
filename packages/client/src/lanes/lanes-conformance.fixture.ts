import type { Lanes } from "./lanes.ts"

/** One rule of the port `Lanes`. `name` is free for the case alone; `lanes(name)` is what another client would get. */
interface Case {
  readonly rule: string
  check(lanes: (name: string) => Lanes, name: string): Promise<void>
}

function insist(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function same(seen: unknown, wanted: unknown, what: string): void {
  insist(JSON.stringify(seen) === JSON.stringify(wanted), `${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`)
}

/** The rows that the next one finds. */
async function rowsOf(lanes: Lanes, lane: number): Promise<ReadonlyMap<string, unknown>> {
  const opened = await open(lanes, lane)
  await opened.close()
  return opened.rows
}

async function open(lanes: Lanes, lane: number) {
  const opened = await lanes.open(lane)
  if (opened === undefined) throw new Error(`lane ${lane} is held`)
  return opened
}

const map = (rows: Record<string, unknown>): ReadonlyMap<string, unknown> => new Map(Object.entries(rows))
const sorted = (rows: ReadonlyMap<string, unknown>): unknown => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

/** What every place for lanes owes. Plain functions, so that a browser's page can run them as well. */
export const LANES_CONFORMANCE: readonly Case[] = [
  {
    rule: "gives back what was written, whatever JSON can say, under whatever key",
    async check(lanes, name) {
      const rows = map({ a: 1, "b/c": { text: "鵲橋 \u2028 \n", list: [null, true, "x"] }, "": "empty", é: null, z: [] })
      const lane = await open(lanes(name), 0)
      same(sorted(lane.rows), [], "a new lane")
      await lane.write(rows)
      await lane.close()
      same(sorted(await rowsOf(lanes(name), 0)), sorted(rows), "after another opening")
    },
  },
  {
    rule: "writes over, deletes, and leaves the rest alone",
    async check(lanes, name) {
      const lane = await open(lanes(name), 0)
      await lane.write(map({ a: 1, b: 1, c: 1 }))
      await lane.write(map({ a: undefined, b: 2, nobody: undefined, d: 4 }))
      await lane.close()
      same(
        sorted(await rowsOf(lanes(name), 0)),
        [
          ["b", 2],
          ["c", 1],
          ["d", 4],
        ],
        "after another opening",
      )
    },
  },
  {
    rule: "keeps the order of writes that nobody waited for, and finishes them before it closes",
    async check(lanes, name) {
      const lane = await open(lanes(name), 0)
      for (let index = 1; index <= 20; index++) void lane.write(map({ a: index, [`k${index}`]: index }))
      await lane.close()
      const rows = await rowsOf(lanes(name), 0)
      same([rows.get("a"), rows.size], [20, 21], "after another opening")
    },
  },
  {
    rule: "lets one hold a lane, and the next when it is closed",
    async check(lanes, name) {
      const mine = await open(lanes(name), 3)
      insist((await lanes(name).open(3)) === undefined, "a lane is held twice")
      await (await open(lanes(name), 4)).close()
      await mine.close()
      await rowsOf(lanes(name), 3)
    },
  },
  {
    rule: "keeps lanes and names apart, and lists those that hold such rows, lowest first",
    async check(lanes, name) {
      same(await lanes(name).list(""), [], "an unused name")
      for (const number of [11, 2]) {
        const lane = await open(lanes(name), number)
        await lane.write(map({ mine: number, [`mine/${number}`]: 1, gone: 1 }))
        await lane.write(map({ [`mine/${number}`]: number === 2 ? 1 : undefined, gone: undefined }))
        same(await lanes(name).list("mine"), number === 11 ? [11] : [2, 11], "the lanes, one of them held")
        await lane.close()
      }
      same(await lanes(name).list(""), [2, 11], "the lanes")
      same(await lanes(name).list("mine/"), [2], "the lanes with such a row")
      same(await lanes(name).list("gone"), [], "the lanes with a row that is gone")
      same(await lanes(`${name}-other`).list(""), [], "another name")
      same(
        sorted(await rowsOf(lanes(name), 2)),
        [
          ["mine", 2],
          ["mine/2", 1],
        ],
        "lane 2",
      )
      same(sorted(await rowsOf(lanes(name), 1)), [], "lane 1")
    },
  },
]
