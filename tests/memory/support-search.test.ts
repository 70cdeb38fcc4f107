import type { Client } from "@magpie/client"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { readAllLines } from "../../apps/support/src/conversation/transcript.ts"
import { type SearchView, searchLines } from "../../apps/support/src/desk/search-lines.ts"
import type { Support } from "../../apps/support/src/index.ts"
import type { Place } from "../../apps/support/src/queue.ts"
import { createSupportBed, type SupportBed } from "./support-bed.ts"
import { openDesk } from "./support-desk.ts"

let bed: SupportBed
beforeEach(async () => {
  bed = await createSupportBed()
  // The pages' timers go by the bed's clock.
  vi.stubGlobal("setTimeout", (fire: () => void, delayMs: number) => bed.clock.setTimer(delayMs, fire))
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await bed.close()
})

const YEAR_MS = 365 * 24 * 3_600_000
const idOf = (number: number): string => number.toString(16).padStart(32, "0")

async function say(number: number, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await bed.told(bed.server.channel(`support/talk/${idOf(number)}`).publish("say", { text }))
}

/** So many conversations, each with a line that has the word. */
async function fill(count: number): Promise<void> {
  const queue = bed.server.channel("support/queue")
  for (let number = 1; number <= count; number++) {
    await bed.told(queue.publish("asks", { visitor: idOf(number), name: "", page: "/", language: "en" }))
    await say(number, "Where is my Parcel?")
    await bed.clock.advance(1)
  }
}

/** An agent's desk, and what a search at it has shown so far. */
async function openSearch(hear: (view: SearchView, client: Client<Support>) => void = () => {}) {
  const { client, log, queue } = await openDesk(bed, "mei")
  const views: SearchView[] = []
  const places: Place[] = []
  const stopped = new AbortController()
  function search(query: string): Promise<void> {
    const told = {
      onPlace: (place: Place) => void places.push(place),
      onView(view: SearchView): void {
        views.push(view)
        hear(view, client)
      },
    }
    return bed.told(searchLines({ client, query, queue: queue(), older: log.older, signal: stopped.signal, ...told }))
  }
  return { stopped, views, places, search, last: () => views.at(-1) }
}

describe("the search of the desk", () => {
  it("finds what the last of 150 conversations has, as fast as historyReadsPerSecond allows", async () => {
    await fill(150)
    await say(1, "the crate is broken")
    const desk = await openSearch()
    await desk.search("CRATE")
    expect(desk.last()?.state).toBe("over")
    expect(desk.last()?.found.map(({ visitor, line }) => [visitor, line.text])).toEqual([[idOf(1), "the crate is broken"]])
    expect(desk.places.map(({ visitor }) => visitor)).toEqual([idOf(1)])
  })

  it("says that there is more than the hundred that it shows, and not so of a hundred", async () => {
    await fill(100)
    const desk = await openSearch()
    await desk.search("parcel")
    expect(desk.last()).toMatchObject({ state: "over", found: { length: 100 } })
    await say(100, "the parcel again")
    await desk.search("parcel")
    expect(desk.last()).toMatchObject({ state: "full", found: { length: 100 } })
    expect(desk.views.every(({ found }) => found.length <= 100)).toBe(true)
    expect(desk.last()?.found[0]?.line.text).toBe("the parcel again")
  })

  it("[G4] says that it is incomplete where reading ends with an error, and keeps what was found", async () => {
    await fill(3)
    const desk = await openSearch(({ found }, client) => void (found.length === 2 && client.close()))
    await desk.search("parcel")
    expect(desk.last()).toMatchObject({ state: "incomplete", found: { length: 2 } })
  })

  it("tells nothing more once it is stopped, also while it waits", async () => {
    await fill(150)
    const desk = await openSearch()
    const over = desk.search("parcel")
    await bed.clock.until(() => desk.views.length > 0)
    const { length } = desk.views
    expect(length).toBeLessThan(150)
    desk.stopped.abort()
    await over
    expect(desk.views).toHaveLength(length)
    expect(desk.views.every(({ state }) => state === "looking")).toBe(true)
  })
})

it("[G4] reads a conversation whose beginning was let go from where it begins now", async () => {
  await say(1, "two years ago", "this too")
  bed.clock.sleep(2 * YEAR_MS)
  await say(1, "today")
  await bed.clock.advance(60_000)
  const lines = await bed.told(readAllLines(bed.agent("mei"), idOf(1), { side: "agent" }))
  expect(lines.map(({ text }) => text)).toEqual(["today"])
})
