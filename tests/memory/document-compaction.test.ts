import { openDocument } from "@magpie/client/document"
import { memoryStorage } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { UpdateJoiner } from "@magpie/server/core"
import { describe, expect, it } from "vitest"
import { encodeStateAsUpdate } from "yjs"
import { joinUpdates } from "../../packages/server/src/documents/join-updates.ts"
import { type Note, type NotesBed, openNote, startNotes } from "./document-bed.ts"

/** Joins as the worker does, and counts how much it was given. */
function joinerHere(joinAll = joinUpdates): UpdateJoiner & { readonly given: number[] } {
  const given: number[] = []
  return {
    given,
    async join(updates) {
      given.push(updates.length)
      return joinAll(updates)
    },
    close: async () => {},
  }
}

const LIMITS = { documentTail: 20 }

/** So many updates, each on its own. */
async function writeMany(bed: NotesBed, note: Note, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    if (index % 5 === 4) note.cut(0, 1)
    else note.write(`${index} `)
    await bed.clock.until(note.isSaved)
  }
}

describe("the log of a document", () => {
  it("[F99] is joined while it is edited, and says the same to whoever comes, goes on, or comes back", async () => {
    const joiner = joinerHere()
    const storage = memoryStorage()
    const bed = await startNotes({ joiner, limits: LIMITS, storage })
    const away = bed.connect({ address: "away" })
    const [one, two, old] = [openNote(bed.connect()), openNote(bed.connect()), openNote(away)]
    await bed.clock.until(() => one.isLive() && two.isLive() && old.isLive())
    await writeMany(bed, one, 5)
    await bed.clock.until(() => old.read() === one.read())
    bed.network.cut(true, "away")
    await bed.clock.until(() => !old.isLive())
    old.write("offline ", 0)
    await writeMany(bed, one, 60)
    await bed.clock.advance(10_000)
    expect(joiner.given.length).toBeGreaterThan(0)
    await writeMany(bed, one, 3)
    await bed.clock.until(() => two.read() === one.read())
    expect([two.errors, two.opened.state.state]).toEqual([[], "live"])
    bed.network.cut(false, "away")
    await bed.clock.until(() => old.isSaved() && old.isLive() && one.read() === old.read())
    expect(one.read()).toContain("offline ")
    bed.kill()
    await bed.start(storage)
    const late = openNote(bed.connect())
    await bed.clock.until(late.isLive)
    expect(encodeStateAsUpdate(late.opened.doc)).toEqual(encodeStateAsUpdate(one.opened.doc))
    await bed.close()
  })

  it("[F100] is short again after it was joined: a newcomer is given a few updates", async () => {
    const joiner = joinerHere()
    const bed = await startNotes({ joiner, limits: LIMITS })
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    await writeMany(bed, one, 50)
    await bed.clock.advance(10_000)
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 }, { type: "subscribe", id: 1, channel: "note/a" })
    await bed.clock.settle()
    expect(raw.of("document")).toEqual([{ type: "document", channel: "note/a", newest: 50, updateBytes: 45_056 }])
    expect(raw.of("message").length).toBeLessThan(20)
    expect(raw.of("gap")).toEqual([])
    await bed.close()
  })

  it("[F100] takes no edit where it became too long, is read all the same, and is edited again when it was joined", async () => {
    let works = false
    const joiner = joinerHere((updates) => {
      if (!works) throw new MagpieError("TIMEOUT", "it took too long")
      return joinUpdates(updates)
    })
    const bed = await startNotes({ joiner, limits: { ...LIMITS, documentUpdates: 30 } })
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    await writeMany(bed, one, 31)
    one.write("one too many")
    await bed.clock.until(() => one.opened.state.state === "refused")
    expect(one.opened.state).toMatchObject({ error: { code: "LIMIT_EXCEEDED", details: { limit: "documentUpdates", value: 30 } } })
    const late = openNote(bed.connect())
    await bed.clock.until(late.isLive)
    expect(late.read()).not.toContain("one too many")
    expect(one.isSaved()).toBe(false)
    works = true
    const next = openNote(bed.connect())
    await bed.clock.until(next.isLive)
    next.write("still too many")
    await bed.clock.until(() => next.opened.state.state === "refused")
    await bed.clock.advance(10_000)
    const last = openNote(bed.connect())
    await bed.clock.until(last.isLive)
    last.write("room again")
    await bed.clock.until(last.isSaved)
    await bed.close()
  })

  it("is left as it is where it cannot be joined, or not within one entry", async () => {
    const joiner = joinerHere()
    const bed = await startNotes({ joiner, limits: { ...LIMITS, documentBytes: 10 } })
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    await writeMany(bed, one, 50)
    await bed.clock.advance(10_000)
    expect(joiner.given.length).toBeLessThan(4)
    const late = openNote(bed.connect())
    await bed.clock.until(late.isLive)
    expect(late.read()).toBe(one.read())
    await bed.close()
  })

  it("[F98] loses no edit where the last one leaves while it is joined", async () => {
    let go = (): void => {}
    const joiner: UpdateJoiner = {
      join: (updates) =>
        new Promise((resolve) => {
          go = () => resolve(joinUpdates(updates))
        }),
      close: async () => {},
    }
    const bed = await startNotes({ joiner, limits: LIMITS })
    const client = bed.connect()
    const one = openNote(client)
    await bed.clock.until(one.isLive)
    await writeMany(bed, one, 25)
    await bed.clock.advance(5_000)
    one.write("last words")
    await bed.clock.until(one.isSaved)
    await bed.clock.done(client.close())
    const late = bed.connect()
    const opened = openDocument(late.channel("note/a"))
    go()
    await bed.clock.until(() => opened.state.state === "live")
    expect(opened.doc.getText("text").toString()).toBe(one.read())
    await bed.close()
  })
})
