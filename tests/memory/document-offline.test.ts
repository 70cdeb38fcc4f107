import type { Client, Subscription } from "@magpie/client"
import { type DocumentStore, storedDocuments } from "@magpie/client/document"
import { memoryLanes } from "@magpie/client/persistent"
import type { Authenticator, User } from "@magpie/server/core"
import { describe, expect, it } from "vitest"
import { type Notes, openNote, startNotes } from "./document-bed.ts"

const store = (lanes = memoryLanes()): DocumentStore => storedDocuments({ name: "notes", lanes })
const byName: Authenticator<User> = { authenticate: ({ token }) => (token === undefined ? undefined : { user: { id: token } }) }

describe("a document that is kept on this device", () => {
  it("[G8] is there without a link after a reload, and what was edited offline is merged when there is one", async () => {
    const bed = await startNotes()
    const lanes = memoryLanes()
    const first = bed.connect({ address: "phone" })
    const [one, other] = [openNote(first, "note/a", store(lanes)), openNote(bed.connect())]
    await bed.clock.until(() => one.isLive() && other.isLive())
    one.write("stored")
    await bed.clock.until(() => one.isSaved() && other.read() === "stored")
    bed.network.cut(true, "phone")
    await bed.clock.until(() => !one.isLive())
    one.write(" offline")
    await bed.clock.settle()
    await bed.clock.done(first.close())
    const second = bed.connect({ address: "phone" })
    const again = openNote(second, "note/a", store(lanes))
    await bed.clock.done(again.opened.ready)
    expect([again.read(), again.opened.saved, again.opened.state.state]).toEqual(["stored offline", false, "loading"])
    again.write(" twice")
    other.write("always ", 0)
    await bed.clock.until(other.isSaved)
    bed.network.cut(false, "phone")
    await bed.clock.until(() => again.isSaved() && again.isLive() && other.read() === again.read())
    expect(other.read()).toBe("always stored offline twice")
    await bed.close()
  })

  it("[G8] has what was edited before it was closed, when the same page opens it again", async () => {
    const bed = await startNotes()
    const client = bed.connect({ address: "phone" })
    const kept = store()
    const [one, other] = [openNote(client, "note/a", kept), openNote(bed.connect())]
    await bed.clock.until(() => one.isLive() && other.isLive())
    bed.network.cut(true, "phone")
    await bed.clock.until(() => !one.isLive())
    one.write("offline")
    one.opened.close()
    const again = openNote(client, "note/a", kept)
    await bed.clock.done(again.opened.ready)
    expect([again.read(), again.isSaved()]).toEqual(["offline", false])
    bed.network.cut(false, "phone")
    await bed.clock.until(() => again.isSaved() && other.read() === "offline")
    await bed.close()
  })

  it("[G4] asks for what it lacks and not for everything", async () => {
    const bed = await startNotes()
    const lanes = memoryLanes()
    const first = bed.connect()
    const one = openNote(first, "note/a", store(lanes))
    await bed.clock.until(one.isLive)
    for (const word of ["a", "b", "c"]) {
      one.write(word)
      await bed.clock.until(one.isSaved)
    }
    await bed.clock.until(() => bed.server.channel("note/a").position.offset === 3)
    await bed.clock.settle()
    await bed.clock.done(first.close())
    const second = bed.connect()
    const recovered: number[] = []
    const { subscription } = second.channel("note/a") as unknown as { subscription: Subscription }
    subscription.on("recovered", ({ position }) => recovered.push(position.offset))
    const again = openNote(second, "note/a", store(lanes))
    await bed.clock.until(again.isLive)
    expect([recovered, again.read()]).toEqual([[3], "abc"])
    await bed.close()
  })

  it("[G8] keeps it small: many updates become one, and nothing is lost by that", async () => {
    const bed = await startNotes()
    const lanes = memoryLanes()
    const first = bed.connect()
    const one = openNote(first, "note/a", store(lanes))
    await bed.clock.until(one.isLive)
    for (let round = 0; round < 200; round++) {
      one.write("x".repeat(1_000))
      await bed.clock.until(one.isSaved)
    }
    await bed.clock.settle()
    await bed.clock.done(first.close())
    const lane = await lanes.open(0)
    expect(lane?.rows.size).toBeLessThan(150)
    await lane?.close()
    bed.kill()
    const again = openNote(bed.connect(), "note/a", store(lanes))
    await bed.clock.done(again.opened.ready)
    expect(again.read()).toHaveLength(200_000)
    await bed.close()
  })

  it("[G8] a tab takes up what another one has left that is gone", async () => {
    const bed = await startNotes()
    const lanes = memoryLanes()
    const tabs: Client<Notes>[] = [bed.connect({ address: "tab" }), bed.connect({ address: "tab" })]
    const [one, two] = tabs.map((tab) => openNote(tab, "note/a", store(lanes)))
    await bed.clock.until(() => one?.isLive() === true && two?.isLive() === true)
    bed.network.cut(true, "tab")
    await bed.clock.until(() => one?.isLive() === false && two?.isLive() === false)
    one?.write("first ")
    two?.write("second ")
    await bed.clock.settle()
    for (const tab of tabs) await bed.clock.done(tab.close())
    const last = openNote(bed.connect(), "note/a", store(lanes))
    await bed.clock.until(() => last.isSaved() && last.isLive() && last.read().length === 13)
    await bed.close()
  })

  it("[G10] is not shown to the server as somebody else's edits", async () => {
    const bed = await startNotes({ auth: byName })
    const lanes = memoryLanes()
    const anna = bed.connect({ token: () => "anna", address: "desk" })
    const one = openNote(anna, "note/a", store(lanes))
    await bed.clock.until(one.isLive)
    bed.network.cut(true, "desk")
    await bed.clock.until(() => !one.isLive())
    one.write("Anna's")
    await bed.clock.settle()
    await bed.clock.done(anna.close())
    bed.network.cut(false, "desk")
    const ben = openNote(bed.connect({ token: () => "ben", address: "desk" }), "note/a", store(lanes))
    await bed.clock.until(() => ben.opened.state.state === "refused")
    expect(ben.opened.state).toMatchObject({ error: { code: "CONFLICT" } })
    expect(bed.server.channel("note/a").position.offset).toBe(0)
    await bed.close()
  })

  it("[F107] does without rows that are damaged", async () => {
    const bed = await startNotes()
    const lanes = memoryLanes()
    const lane = await lanes.open(0)
    await lane?.write(new Map([["note/a\nupdate/1", "?"]]))
    await lane?.close()
    const one = openNote(bed.connect(), "note/a", store(lanes))
    await bed.clock.until(one.isLive)
    one.write("anew")
    await bed.clock.until(one.isSaved)
    expect(one.errors).toEqual(["UNRECOVERABLE"])
    await bed.close()
  })
})
