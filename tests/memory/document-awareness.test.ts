import { type SharedAwareness, shareAwareness } from "@magpie/client/awareness"
import { presence } from "@magpie/client/presence"
import { contract, document } from "@magpie/protocol"
import { type Authenticator, anonymous, type User } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { type Note, openNote, startNotes } from "./document-bed.ts"

const byName: Authenticator<User> = { authenticate: ({ token }) => (token === undefined ? undefined : { user: { id: token } }) }
const shared: SharedAwareness[] = []
afterEach(() => {
  // They look after each other on a timer of their own.
  for (const each of shared.splice(0)) each.close()
})

function show(note: Note, state: object): SharedAwareness {
  const its = shareAwareness(note.opened)
  its.awareness.setLocalState({ ...state })
  shared.push(its)
  return its
}

const seen = ({ awareness }: SharedAwareness): unknown[] =>
  [...awareness.getStates()].filter(([client]) => client !== awareness.clientID).map(([, state]) => state)

describe("who edits a document", () => {
  it("[F102] is seen by the others with what they show and who they are, and gone with their link", async () => {
    const bed = await startNotes({ auth: byName })
    const [anna, ben] = [openNote(bed.connect({ token: () => "anna", address: "a" })), openNote(bed.connect({ token: () => "ben" }))]
    await bed.clock.until(() => anna.isLive() && ben.isLive())
    const [one, two] = [show(anna, { name: "Anna", cursor: 1 }), show(ben, { name: "Ben" })]
    await bed.clock.until(() => seen(two).length === 1 && seen(one).length === 1)
    one.awareness.setLocalStateField("cursor", 7)
    await bed.clock.until(() => (seen(two)[0] as { cursor: number }).cursor === 7)
    expect([seen(one), seen(two), [...two.users.values()]]).toEqual([[{ name: "Ben" }], [{ name: "Anna", cursor: 7 }], ["anna"]])
    const late = openNote(bed.connect({ token: () => "cara" }))
    const three = show(late, {})
    await bed.clock.until(late.isLive)
    expect(seen(three)).toHaveLength(2)
    bed.network.cut(true, "a")
    // Cara shows an empty state.
    await bed.clock.until(() => seen(two).length === 1)
    await bed.clock.until(() => seen(one).length === 0)
    bed.network.cut(false, "a")
    await bed.clock.until(() => seen(two).length === 2 && seen(one).length === 2)
    one.close()
    await bed.clock.until(() => seen(two).length === 1)
    await bed.close()
  })

  it("[G5] edits are not miscounted among cursors", async () => {
    const bed = await startNotes()
    const [anna, ben] = [openNote(bed.connect()), openNote(bed.connect())]
    await bed.clock.until(() => anna.isLive() && ben.isLive())
    const one = show(anna, { cursor: 0 })
    for (let round = 0; round < 40; round++) {
      anna.write("x")
      one.awareness.setLocalStateField("cursor", round)
      ben.write("y")
      await bed.clock.advance(round % 7 === 0 ? 60 : 1)
    }
    await bed.clock.until(() => anna.isSaved() && ben.isSaved() && anna.read().length === 80 && ben.read().length === 80)
    expect([anna.errors, ben.errors, anna.read() === ben.read()]).toEqual([[], [], true])
    await bed.close()
  })

  it("[G10] is shown by nobody in another one's place, by nobody who does not follow, and within bounds", async () => {
    const bed = await startNotes({ limits: { documentAwarenessBytes: 50, documentAwarenessClients: 2 } })
    const anna = openNote(bed.connect())
    await bed.clock.until(anna.isLive)
    const one = show(anna, { name: "Anna" })
    await bed.clock.settle()
    const client = one.awareness.clientID
    const raw = bed.raw()
    const say = (id: number, data: object) => raw.send({ type: "publish", id, channel: "note/a", name: "$awareness", data })
    raw.send({ type: "hello", version: 1 })
    say(1, { client: 1, clock: 1, state: {} })
    raw.send({ type: "subscribe", id: 2, channel: "note/a" })
    await bed.clock.settle()
    say(3, { client, clock: 99, state: { name: "Mallory" } })
    say(4, { client: 2, clock: 1, state: "x".repeat(60) })
    say(5, { client: 3, clock: 1, state: {} })
    say(6, { client: 4, clock: 1, state: {} })
    say(7, { client: 5, state: {} })
    await bed.clock.settle()
    const codes = raw.of("error").map(({ id, code }) => `${id} ${code}`)
    expect(codes.sort()).toEqual(["1 FORBIDDEN", "3 FORBIDDEN", "4 TOO_LARGE", "6 LIMIT_EXCEEDED", "7 BAD_REQUEST"])
    expect(raw.reply(5)).toMatchObject({ type: "published" })
    expect(seen(one)).toEqual([{}])
    await bed.close()
  })

  it("has presence as any kind has", async () => {
    const app = contract({ "pad/:id": document({ presence: z.object({ name: z.string() }) }) })
    const bed = await createTestBed(app, { auth: anonymous(), rules: { "pad/:id": { authorize: () => true } } })
    const [one, two] = [bed.connect(), bed.connect()].map((client) => presence(client.channel("pad/a")))
    await bed.clock.settle()
    await bed.clock.done(one?.enter({ name: "Anna" }) ?? Promise.resolve())
    await bed.clock.until(() => two?.members.size === 1)
    await bed.close()
  })
})
