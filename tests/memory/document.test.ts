import { memoryStorage } from "@magpie/journal"
import { describe, expect, it } from "vitest"
import { encodeStateAsUpdate } from "yjs"
import { openNote, startNotes } from "./document-bed.ts"

describe("a document", () => {
  it("[G8] is the same for two who edit it, and saved when the server has stored it", async () => {
    const bed = await startNotes()
    const [one, two] = [openNote(bed.connect()), openNote(bed.connect())]
    await bed.clock.until(() => one.isLive() && two.isLive())
    one.write("magpies ")
    two.write("bridges ")
    expect([one.opened.saved, one.opened.unsaved, one.opened.level]).toEqual([false, 1, undefined])
    await bed.clock.until(() => one.isSaved() && two.isSaved() && one.read().length === 16 && two.read().length === 16)
    expect(one.read()).toBe(two.read())
    expect([one.told, one.opened.level]).toEqual([[false, true], "memory"])
    const late = openNote(bed.connect())
    await bed.clock.until(late.isLive)
    expect(late.read()).toBe(one.read())
    await bed.close()
  })

  it("[G8] goes on where it was after a lost link, and merges what was edited on both sides meanwhile", async () => {
    const bed = await startNotes()
    const away = bed.connect({ address: "away" })
    const [one, two] = [openNote(away), openNote(bed.connect())]
    await bed.clock.until(() => one.isLive() && two.isLive())
    one.write("x")
    await bed.clock.until(() => two.read() === "x")
    bed.network.cut(true, "away")
    await bed.clock.until(() => one.opened.state.state === "loading")
    for (const letter of "offline") one.write(letter)
    two.write("online", 0)
    await bed.clock.until(two.isSaved)
    expect(one.isSaved()).toBe(false)
    bed.network.cut(false, "away")
    await bed.clock.until(() => one.isLive() && one.isSaved() && one.read() === two.read())
    expect([...one.read()].sort()).toEqual([..."xofflineonline"].sort())
    // What was written offline left as one update.
    expect(bed.server.channel("note/a").position.offset).toBe(3)
    await bed.close()
  })

  it("[G8] what was saved outlives a killed server, and what was not is sent to the next one", async () => {
    const storage = memoryStorage()
    const bed = await startNotes({ storage })
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    one.write("stored ")
    await bed.clock.until(one.isSaved)
    bed.kill()
    one.write("and kept")
    await bed.clock.until(() => one.opened.state.state === "loading")
    await bed.start(storage)
    await bed.clock.until(one.isSaved)
    const late = openNote(bed.connect())
    await bed.clock.until(late.isLive)
    expect(late.read()).toBe("stored and kept")
    await bed.close()
  })

  it("[G1] what a server has lost is given back by who still has it", async () => {
    const bed = await startNotes()
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    one.write("only here")
    one.cut(0, 5)
    await bed.clock.until(one.isSaved)
    bed.kill()
    await bed.start(memoryStorage())
    const late = openNote(bed.connect())
    await bed.clock.until(() => late.read() === "here")
    expect(one.isSaved()).toBe(true)
    expect(encodeStateAsUpdate(late.opened.doc)).toEqual(encodeStateAsUpdate(one.opened.doc))
    await bed.close()
  })

  it("[G10] is not edited by who may only read it, and not read by who may not", async () => {
    const rules = {
      "note/:id": {
        authorize: ({ action, params }: { action: string; params: { id: string } }) => params.id === "a" && action !== "publish",
      },
    }
    const bed = await startNotes({ rules })
    const client = bed.connect()
    const [one, secret] = [openNote(client), openNote(client, "note/secret")]
    await bed.clock.until(one.isLive)
    one.write("no")
    await bed.clock.until(() => one.opened.state.state === "refused" && secret.opened.state.state === "refused")
    expect(one.opened.state).toMatchObject({ error: { code: "FORBIDDEN" } })
    expect([one.isSaved(), bed.server.channel("note/a").position.offset]).toEqual([false, 0])
    await bed.close()
  })

  it("[G8] takes an edit of any length, in several updates where one has no room for it", async () => {
    const bed = await startNotes()
    const [one, two] = [openNote(bed.connect()), openNote(bed.connect())]
    await bed.clock.until(() => one.isLive() && two.isLive())
    const pasted = "喜鵲 🐦 magpies\n".repeat(10_000)
    one.write(pasted)
    one.write("end")
    await bed.clock.until(() => one.isSaved() && two.read().length === pasted.length + 3)
    expect(two.read()).toBe(`${pasted}end`)
    expect(bed.server.channel("note/a").position.offset).toBeGreaterThan(4)
    await bed.close()
  })

  it("says so where an edit cannot be cut into such as the server takes", async () => {
    const bed = await startNotes()
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    one.opened.doc.getMap("files").set("photo", new Uint8Array(100_000))
    await bed.clock.until(() => one.opened.state.state === "refused")
    expect(one.opened.state).toMatchObject({ error: { code: "TOO_LARGE", details: { limit: "documentUpdateBytes", value: 45_056 } } })
    await bed.close()
  })

  it("[F93] a hostile update is refused with a code, and changes nothing for the others", async () => {
    const bed = await startNotes()
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    one.write("unharmed")
    await bed.clock.until(one.isSaved)
    const hostile = bed.raw()
    hostile.send({ type: "hello", version: 1 })
    await bed.clock.settle()
    const updates = ["AA==", "////////////", "no Base64", "A".repeat(65_000 - 100), "AQEHAIQHAAFhAA=="]
    for (const [id, update] of updates.entries())
      hostile.send({ type: "publish", id, channel: "note/a", name: "$update", data: { update } })
    hostile.send({ type: "publish", id: 9, channel: "note/a", name: "$snapshot", data: {} })
    await bed.clock.settle()
    const codes = hostile.of("error").map(({ code }) => code)
    expect(codes).toEqual(["DOC_REJECTED", "DOC_REJECTED", "BAD_REQUEST", "TOO_LARGE", "DOC_REJECTED", "BAD_REQUEST"])
    expect([one.read(), bed.server.channel("note/a").position.offset]).toEqual(["unharmed", 1])
    await bed.close()
  })

  it("[G12] leaves nothing behind when it is closed", async () => {
    const bed = await startNotes()
    const one = openNote(bed.connect())
    await bed.clock.until(one.isLive)
    one.opened.close()
    one.write("after")
    expect([one.opened.state.state, one.opened.unsaved]).toEqual(["closed", 0])
    await bed.close()
    expect(bed.clock.pendingTimers).toBe(0)
  })
})
