import { afterEach, describe, expect, it } from "vitest"
import { append, ask, type ChangesBed, change, edit, plain, say, startChanges, told } from "./changes-bed.ts"
import { outcomeOf, tokenOf } from "./chat-bed.ts"

let bed: ChangesBed
afterEach(async () => {
  await bed.close()
  expect([bed.network.links, bed.clock.pendingTimers]).toEqual([0, 0])
})

describe("a change of a message", () => {
  it("[G3] is told to all in the channel's order, under an offset of its own", async () => {
    bed = await startChanges()
    const [ann, bob] = [await plain(bed, "ann"), await plain(bed, "bob")]
    expect(await ask(bed, ann, say("helo"))).toMatchObject({ type: "published", position: { offset: 1 } })
    expect(await ask(bed, ann, edit(1, "hello"))).toMatchObject({ type: "published", position: { offset: 2 } })
    await ask(bed, bob, say("hi"))
    const mark = expect.any(String)
    const expected = [
      [1, "say", { text: "helo" }],
      [2, "$change", { action: "edit", offset: 1, mark, was: 1, data: { text: "hello" } }],
      [3, "say", { text: "hi" }],
    ]
    expect(told(ann)).toEqual(expected)
    expect(told(bob)).toEqual(expected)
  })

  it("is read by a late joiner as the one message that it made, and by who comes back as that message's newest state", async () => {
    bed = await startChanges()
    const ann = await plain(bed, "ann")
    await ask(bed, ann, say("", "answer"))
    for (const token of ["鵲", "橋", "!"]) await ask(bed, ann, append(1, token))
    const late = await plain(bed, "bob", false)
    expect(await ask(bed, late, { type: "history" })).toMatchObject({
      messages: [{ offset: 1, name: "answer", data: { text: "鵲橋!" }, changed: { version: 4, appended: { count: 3, by: "ann" } } }],
      more: false,
      position: { offset: 4 },
    })
    const { position } = (await ask(bed, late, { type: "history", limit: 1 })) as { position: { epoch: string } }
    await ask(bed, late, { type: "subscribe", position: { epoch: position.epoch, offset: 2 } })
    expect(late.of("message")).toMatchObject([
      {
        offset: 4,
        since: 2,
        name: "$change",
        data: { action: "changed", offset: 1, record: { data: { text: "鵲橋!" }, changed: { version: 4 } } },
      },
    ])
    await ask(bed, ann, append(1, "?"))
    expect(told(late).at(-1)).toEqual([
      5,
      "$change",
      { action: "append", offset: 1, mark: expect.any(String), was: 4, field: "text", data: "?" },
    ])
  })

  it("[G2] happens once, however often it is sent under its sequence", async () => {
    bed = await startChanges()
    const ann = await plain(bed, "ann")
    await ask(bed, ann, { ...say("", "answer"), sequence: 1 })
    await ask(bed, ann, { ...append(1, "a"), sequence: 2 })
    expect(await ask(bed, ann, { ...append(1, "a"), sequence: 2 })).toMatchObject({
      type: "published",
      duplicate: true,
      position: { offset: 2 },
    })
    expect(await ask(bed, ann, { ...append(1, "b"), sequence: 2 })).toMatchObject({ code: "CONFLICT" })
    expect(await ask(bed, ann, { ...append(9, "b"), sequence: 3 })).toMatchObject({ code: "UNRECOVERABLE", details: { sequence: "used" } })
    expect(await ask(bed, ann, { ...append(1, "b"), sequence: 4 })).toMatchObject({ type: "published" })
    expect(bed.server.channel("chat/a").history({ last: 5 })).toMatchObject([{ data: { text: "ab" } }])
  })

  it("[G10] of another's message needs the contract's word and the right, and nobody is the author of what the server said", async () => {
    bed = await startChanges()
    const [ann, bob, mod] = [await plain(bed, "ann"), await plain(bed, "bob"), await plain(bed, "mod")]
    await ask(bed, ann, say("ann's"))
    await ask(bed, ann, say("ann's", "answer"))
    await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text: "the server's" }))
    for (const offset of [1, 3]) {
      expect(await ask(bed, bob, edit(offset, "x"))).toMatchObject({ code: "FORBIDDEN", details: { action: "edit-any" } })
      expect(await ask(bed, bob, change({ action: "delete", offset }))).toMatchObject({
        code: "FORBIDDEN",
        details: { action: "delete-any" },
      })
      expect(await ask(bed, mod, edit(offset, "by mod"))).toMatchObject({ type: "published" })
    }
    expect(await ask(bed, mod, edit(2, "x"))).toMatchObject({ code: "FORBIDDEN", details: { action: "edit-any" } })
    expect(await ask(bed, mod, append(2, "x"))).toMatchObject({ code: "FORBIDDEN", details: { action: "append-any" } })
    const stranger = bed.raw()
    stranger.send({ type: "hello", version: 1, token: tokenOf("eve", { rooms: [] }) })
    // Whether there is such a message is not for strangers to know.
    for (const offset of [1, 99])
      expect(await ask(bed, stranger, edit(offset, "x"))).toMatchObject({ code: "FORBIDDEN", details: { action: "edit" } })
    expect(
      bed.server
        .channel("chat/a")
        .history({ last: 9 })
        .map(({ data }) => data.text),
    ).toEqual(["by mod", "ann's", "by mod"])
  })

  it.each([
    ["of a message whose contract has none", edit(3, "x"), "BAD_REQUEST"],
    ["that the message's schema refuses", edit(1, "x".repeat(201)), "BAD_REQUEST"],
    ["without data", change({ action: "edit", offset: 1 }), "BAD_REQUEST"],
    ["that is none", change({ action: "burn", offset: 1 }), "BAD_REQUEST"],
    ["of a message with another mark", change({ action: "edit", offset: 1, mark: "0000000", data: { text: "x" } }), "UNRECOVERABLE"],
    ["of a message that is not there", edit(99, "x"), "UNRECOVERABLE"],
    ["by an append that the schema refuses", append(2, "x".repeat(5_001)), "BAD_REQUEST"],
    ["by an append of something that does not go there", append(2, ["x"]), "BAD_REQUEST"],
    ["by an append where the contract has none", append(1, "x"), "BAD_REQUEST"],
    ["by a reaction that the contract does not name", change({ action: "react", offset: 1, reaction: "🤬" }), "BAD_REQUEST"],
    ["by a receipt of what is still to come", { type: "publish", name: "$read", data: { upTo: 99 } }, "CONFLICT"],
    ["under a name that is nobody's", { type: "publish", name: "$deleted", data: {} }, "BAD_REQUEST"],
  ])("[G11] %s is refused, and changes nothing", async (_what, message, code) => {
    bed = await startChanges()
    const ann = await plain(bed, "ann")
    for (const name of ["say", "answer", "notice"]) await ask(bed, ann, say("as it was", name))
    expect(await ask(bed, ann, message)).toMatchObject({ type: "error", code })
    expect(bed.server.channel("chat/a").position.offset).toBe(3)
  })

  it("goes through the channel's accept function, as what the message will say", async () => {
    const accept = {
      say: ({ data, change: action }: { data: { text: string }; change?: string }) =>
        action ? { text: data.text.toUpperCase() } : undefined,
      answer: ({ data }: { data: { text: string } }) => ({ text: data.text.replace("bad", "***") }),
    }
    bed = await startChanges({ accept })
    const ann = await plain(bed, "ann")
    await ask(bed, ann, say("a"))
    await ask(bed, ann, say("a ba", "answer"))
    await ask(bed, ann, edit(1, "b"))
    expect(await ask(bed, ann, append(2, "r"))).toMatchObject({ type: "published" })
    await ask(bed, ann, edit(2, "ba"))
    expect(await ask(bed, ann, append(2, "d"))).toMatchObject({ code: "FORBIDDEN" })
    expect(
      bed.server
        .channel("chat/a")
        .history({ last: 9 })
        .map(({ data }) => data.text),
    ).toEqual(["B", "ba"])
  })

  it("may come from the server's own code, which the contract binds and nobody's rights do", async () => {
    bed = await startChanges()
    const channel = bed.server.channel("chat/a")
    const ann = await plain(bed, "ann")
    const { position } = await outcomeOf(bed, channel.publish("answer", { text: "" }))
    const answer = { name: "answer", ...position } as const
    for (const token of ["a", "b"]) await outcomeOf(bed, channel.append(answer, token))
    expect(told(ann).map(([, , data]) => data.data ?? data.text)).toEqual(["", "a", "b"])
    expect(channel.history({ last: 1 })).toMatchObject([{ data: { text: "ab" }, changed: { appended: { count: 2 } } }])
    await expect(channel.edit({ ...answer, mark: "0000000" }, { text: "x" })).rejects.toMatchObject({ code: "UNRECOVERABLE" })
    await expect(channel.delete(answer as never)).rejects.toMatchObject({ code: "BAD_REQUEST" })
  })
})

describe("a deleted message", () => {
  it("is a name without data to everybody, and what it said is read by those who may", async () => {
    bed = await startChanges()
    const [ann, bob] = [await plain(bed, "ann"), await plain(bed, "bob")]
    await ask(bed, ann, say("first"))
    await ask(bed, ann, edit(1, "second"))
    await ask(bed, ann, change({ action: "delete", offset: 1 }))
    expect(await ask(bed, bob, { type: "history" })).toMatchObject({
      messages: [{ offset: 1, from: "ann", name: "$deleted", data: { name: "say" }, changed: { version: 3, deleted: { by: "ann" } } }],
    })
    expect(await ask(bed, bob, edit(1, "x"))).toMatchObject({ code: "FORBIDDEN" })
    expect(await ask(bed, ann, edit(1, "x"))).toMatchObject({ code: "CONFLICT" })
    expect(await ask(bed, bob, { type: "versions", offset: 1 })).toMatchObject({
      versions: [
        { version: 1, by: "ann", data: { text: "first" } },
        { version: 2, by: "ann", data: { text: "second" } },
      ],
    })
    await ask(bed, ann, change({ action: "delete", offset: 1, erase: true }))
    expect(await ask(bed, bob, { type: "versions", offset: 1 })).toMatchObject({ versions: [] })
    expect(bed.server.channel("chat/a").history({ last: 9 })).toEqual([])
  })

  it("[G10] keeps what it said from those whom authorize does not allow versions, and of what the contract keeps nothing there is nothing", async () => {
    bed = await startChanges({
      authorize: ({ action, user }: { action: string; user: { id: string } }) => action !== "versions" || user.id === "mod",
    })
    const [ann, mod] = [await plain(bed, "ann"), await plain(bed, "mod")]
    await ask(bed, ann, say("a"))
    await ask(bed, ann, edit(1, "b"))
    await ask(bed, ann, say("a", "answer"))
    await ask(bed, ann, edit(3, "b"))
    expect(await ask(bed, ann, { type: "versions", offset: 1 })).toMatchObject({ code: "FORBIDDEN", details: { action: "versions" } })
    expect(await ask(bed, mod, { type: "versions", offset: 1 })).toMatchObject({ versions: [{ data: { text: "a" } }] })
    expect(await ask(bed, mod, { type: "versions", offset: 3 })).toMatchObject({ versions: [] })
  })
})

describe("reactions and receipts", () => {
  it("count each user once, and say who", async () => {
    bed = await startChanges()
    const [ann, bob] = [await plain(bed, "ann"), await plain(bed, "bob")]
    await ask(bed, ann, say("a"))
    const react = (action: string, reaction = "👍"): object => change({ action, offset: 1, reaction })
    for (const raw of [ann, bob]) await ask(bed, raw, react("react"))
    expect(await ask(bed, bob, react("react"))).toMatchObject({ type: "published", duplicate: true })
    expect(told(ann).at(-1)).toEqual([
      3,
      "$change",
      {
        action: "react",
        offset: 1,
        mark: expect.any(String),
        was: 2,
        reaction: "👍",
        reactions: [{ name: "👍", count: 2, users: ["ann", "bob"] }],
      },
    ])
    await ask(bed, ann, react("unreact"))
    expect(await ask(bed, bob, { type: "history" })).toMatchObject({
      messages: [{ data: { text: "a" }, changed: { version: 4, reactions: [{ name: "👍", count: 1, users: ["bob"] }] } }],
    })
  })

  it("say up to where each user has read, the furthest place alone, page by page", async () => {
    bed = await startChanges()
    const users = ["ann", "bob", "cy"]
    const raws = await Promise.all(users.map((user) => plain(bed, user)))
    for (let index = 0; index < 3; index++) await ask(bed, raws[0] as never, say(`${index}`))
    const read = (upTo: number): object => ({ type: "publish", name: "$read", data: { upTo } })
    for (const [index, raw] of raws.entries()) await ask(bed, raw, read(index + 1))
    expect(await ask(bed, raws[2] as never, read(1))).toMatchObject({ type: "published", duplicate: true })
    expect(
      told(raws[0] as never)
        .slice(3)
        .map(([, name, data]) => [name, data.upTo]),
    ).toEqual([1, 2, 3].map((upTo) => ["$read", upTo]))
    const late = await plain(bed, "late", false)
    const page = await ask(bed, late, { type: "receipts", limit: 2 })
    expect(page).toMatchObject({
      receipts: [
        { user: "ann", upTo: 1 },
        { user: "bob", upTo: 2 },
      ],
      next: "bob",
    })
    const rest = await ask(bed, late, { type: "receipts", after: "bob" })
    expect(rest).toMatchObject({ receipts: [{ user: "cy", upTo: 3 }] })
    expect(rest).not.toHaveProperty("next")
  })

  it("[G11] stop at their limits", async () => {
    bed = await startChanges({}, { reactionsPerMessage: 1, receiptsPerChannel: 1, appendedBytes: 20, messageVersions: 1 })
    const [ann, bob] = [await plain(bed, "ann"), await plain(bed, "bob")]
    await ask(bed, ann, say("a"))
    await ask(bed, ann, say("", "answer"))
    await ask(bed, ann, change({ action: "react", offset: 1, reaction: "👍" }))
    expect(await ask(bed, bob, change({ action: "react", offset: 1, reaction: "👍" }))).toMatchObject({ code: "LIMIT_EXCEEDED" })
    await ask(bed, ann, { type: "publish", name: "$read", data: { upTo: 1 } })
    expect(await ask(bed, bob, { type: "publish", name: "$read", data: { upTo: 1 } })).toMatchObject({ code: "LIMIT_EXCEEDED" })
    expect(await ask(bed, ann, append(2, "x".repeat(20)))).toMatchObject({ code: "TOO_LARGE" })
    for (const text of ["b", "c"]) await ask(bed, ann, edit(1, text))
    expect(await ask(bed, ann, { type: "versions", offset: 1 })).toMatchObject({ versions: [{ data: { text: "b" } }] })
  })
})
