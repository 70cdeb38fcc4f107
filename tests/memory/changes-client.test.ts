import type { Client } from "@magpie/client"
import { changes, type ListedMessage, type MessageList, messageList } from "@magpie/client/changes"
import type { KindOf } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type App, app, type ChangesBed, startChanges } from "./changes-bed.ts"
import { failureOf, outcomeOf, tokenOf } from "./chat-bed.ts"

type Chat = KindOf<App, "chat/:room">

let bed: ChangesBed
afterEach(async () => {
  await bed.close()
  expect([bed.network.links, bed.clock.pendingTimers]).toEqual([0, 0])
})

const clientOf = (user: string, address = "192.0.2.99"): Client<App> => bed.connect({ token: tokenOf(user), address })
const lobby = (client: Client<App>) => client.channel("chat/a")
const shown = (list: MessageList<Chat>): readonly string[] =>
  list.messages.map((message) => (message.name === "$deleted" ? `- ${message.data.name}` : message.data.text))
const settle = (): Promise<void> => bed.clock.settle()

async function said(client: Client<App>, text: string, name: "say" | "answer" = "say") {
  const { position } = await outcomeOf(bed, lobby(client).send(name, { text }))
  return { name, ...position }
}

/** A list whose updates are counted, and in which no message may ever go back to an earlier state. */
function watched(client: Client<App>, options = {}): MessageList<Chat> {
  const list = messageList(lobby(client), options)
  const versions = new Map<number, number>()
  list.on("update", () => {
    for (const { offset, changed } of list.messages) {
      const version = changed?.version ?? Number(offset)
      expect(version).toBeGreaterThanOrEqual(versions.get(Number(offset)) ?? 0)
      versions.set(Number(offset), version)
    }
  })
  return list
}

describe("a client that changes messages", () => {
  it("edits, appends, deletes and reacts, and everybody's list shows it at once", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann"), clientOf("bob")]
    const lists = [watched(ann), watched(bob)]
    const [first, answer] = [await said(ann, "helo"), await said(ann, "", "answer")]
    const its = changes(lobby(ann))
    const edited = await outcomeOf(bed, its.edit({ ...first, name: "say" }, { text: "hello" }))
    expect(edited).toMatchObject({ position: { offset: 3 }, duplicate: false })
    for (const token of ["鵲", "橋"]) await outcomeOf(bed, its.append({ ...answer, name: "answer" }, token))
    await outcomeOf(bed, changes(lobby(bob)).react({ ...first, name: "say" }, "👍"))
    await settle()
    for (const list of lists) {
      expect(shown(list)).toEqual(["hello", "鵲橋"])
      expect(list.messages[0]?.changed).toEqual({
        version: 6,
        edited: { at: expect.any(Number), by: "ann", count: 1 },
        reactions: [{ name: "👍", count: 1, users: ["bob"] }],
      })
    }
    await outcomeOf(bed, its.delete({ ...first, name: "say" }))
    await settle()
    for (const list of lists) expect(shown(list)).toEqual(["- say", "鵲橋"])
    expect(await outcomeOf(bed, its.versions(first))).toMatchObject([{ data: { text: "helo" } }, { data: { text: "hello" } }])
  })

  it("is told why where it may not, and by the contract's value before anything leaves", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann"), bed.connect({ token: tokenOf("bob"), contract: app })]
    const place = { ...(await said(ann, "a")), name: "say" } as const
    expect(await failureOf(bed, changes(lobby(bob)).edit(place, { text: "b" }))).toMatchObject({ code: "FORBIDDEN" })
    expect(await failureOf(bed, changes(lobby(bob)).edit(place, { text: "b".repeat(201) }))).toMatchObject({ code: "BAD_REQUEST" })
    expect(await failureOf(bed, changes(lobby(ann)).edit({ ...place, mark: "0000000" }, { text: "b" }))).toMatchObject({
      code: "UNRECOVERABLE",
    })
    expect(await failureOf(bed, changes(lobby(ann)).edit({ ...place, offset: undefined }, { text: "b" }))).toMatchObject({
      code: "BAD_REQUEST",
    })
    // What comes behind a refusal is in order.
    expect(await said(ann, "c")).toMatchObject({ offset: 2 })
  })

  it("hears of changes one by one, and listeners of messages hear of none", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann"), bed.connect({ token: tokenOf("bob"), contract: app })]
    const heard: string[] = []
    const told: unknown[] = []
    lobby(bob).onAny(({ name }) => heard.push(name))
    changes(lobby(bob)).on("change", ({ action, offset, version, by }) => told.push([action, offset, version, by]))
    changes(lobby(bob)).on("read", ({ user, upTo }) => told.push([user, upTo]))
    await settle()
    const place = { ...(await said(ann, "a")), name: "say" } as const
    await outcomeOf(bed, changes(lobby(ann)).edit(place, { text: "b" }))
    await outcomeOf(bed, changes(lobby(ann)).markRead(place))
    await settle()
    expect(heard).toEqual(["say"])
    expect(told).toEqual([
      ["edit", 1, 2, "ann"],
      ["ann", 1],
    ])
    expect(await outcomeOf(bed, changes(lobby(bob)).receipts())).toMatchObject([{ user: "ann", upTo: 1 }])
  })

  it("[G2] appends every token once and in order, however often the link breaks on the way", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann", "192.0.2.1"), clientOf("bob", "192.0.2.2")]
    const list = watched(bob)
    const place = { ...(await said(ann, "", "answer")), name: "answer" } as const
    const tokens = Array.from({ length: 60 }, (_, index) => `${index} `)
    const done: Promise<unknown>[] = []
    for (const [index, token] of tokens.entries()) {
      done.push(changes(lobby(ann)).append(place, token))
      if (index % 20 === 10) for (const address of ["192.0.2.1", "192.0.2.2"]) bed.network.cut(true, address)
      await bed.clock.advance(20)
      bed.network.cut(false, "192.0.2.1")
      bed.network.cut(false, "192.0.2.2")
    }
    await outcomeOf(bed, Promise.all(done))
    await bed.clock.until(() => shown(list)[0] === tokens.join(""))
    expect(list.messages[0]?.changed?.appended?.count).toBe(60)
    const late = watched(clientOf("late"))
    await bed.clock.until(() => late.loaded)
    expect(shown(late)).toEqual([tokens.join("")])
  })
})

describe("a list of messages", () => {
  it("[G4] has what changed while its client was away, also of messages from before", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann"), clientOf("bob", "192.0.2.2")]
    const list = watched(bob)
    const places = [await said(ann, "a"), await said(ann, "b"), await said(ann, "c")]
    await settle()
    bed.network.cut(true, "192.0.2.2")
    await bed.clock.advance(100)
    const its = changes(lobby(ann))
    const at = (index: number) => ({ name: "say", offset: places[index]?.offset }) as const
    for (const text of ["a1", "a2"]) await outcomeOf(bed, its.edit(at(0), { text }))
    await outcomeOf(bed, its.delete(at(1)))
    await outcomeOf(bed, its.react(at(2), "🎉"))
    bed.network.cut(false, "192.0.2.2")
    await bed.clock.until(() => shown(list)[0] === "a2" && list.messages[2]?.changed !== undefined)
    expect(shown(list)).toEqual(["a2", "- say", "c"])
  })

  it("[G4] has what is left of a message that came and went while its client was away", async () => {
    bed = await startChanges()
    const [ann, bob] = [clientOf("ann"), clientOf("bob", "192.0.2.2")]
    const list = watched(bob)
    await said(ann, "a")
    await settle()
    bed.network.cut(true, "192.0.2.2")
    await bed.clock.advance(100)
    await outcomeOf(bed, changes(lobby(ann)).delete({ ...(await said(ann, "b")), name: "say" }))
    await said(ann, "c")
    bed.network.cut(false, "192.0.2.2")
    await bed.clock.until(() => list.messages.length === 3)
    expect(shown(list)).toEqual(["a", "- say", "c"])
  })

  it("reads page by page to the first message, each as it is now, and holds as many as it was told to", async () => {
    bed = await startChanges()
    const ann = clientOf("ann")
    for (let index = 1; index <= 30; index++) await said(ann, `${index}`)
    await outcomeOf(bed, changes(lobby(ann)).edit({ name: "say", offset: 2 }, { text: "two" }))
    const list = watched(clientOf("bob"), { last: 10, keep: 12 })
    await bed.clock.until(() => list.loaded)
    expect([list.messages.length, list.hasOlder]).toEqual([10, true])
    await outcomeOf(bed, list.loadOlder())
    await outcomeOf(bed, list.loadOlder())
    expect([list.messages.length, list.hasOlder, shown(list)[1]]).toEqual([30, false, "two"])
    await said(ann, "31")
    await settle()
    expect([list.messages.length, list.hasOlder, shown(list)[0]]).toEqual([12, true, "20"])
    list.close()
    await said(ann, "32")
    await settle()
    expect(shown(list).at(-1)).toBe("31")
  })

  it("begins anew behind a gap, and says why it cannot be had", async () => {
    bed = await startChanges({
      authorize: ({ user, action }: { user: { id: string }; action: string }) => user.id !== "eve" || action === "publish",
    })
    const eve = watched(clientOf("eve"))
    await bed.clock.until(() => eve.loaded)
    expect(eve).toMatchObject({ messages: [], error: { code: "FORBIDDEN" } })
  })

  for (const seed of [1, 2, 3, 4, 5, 6])
    it(`[G3] [G4] is the same for all in the end, whatever they change and whose links break (seed ${seed})`, async () => {
      bed = await startChanges()
      const random = seededRandom(seed)
      const users = ["ann", "bob", "mod"]
      const clients = users.map((user, index) => clientOf(user, `192.0.2.${index}`))
      const lists: MessageList<Chat>[] = []
      const sent: Promise<unknown>[] = []
      const attempt = (pending: Promise<unknown>): void => {
        sent.push(pending.catch(() => {}))
      }
      for (let step = 0; step < 150; step++) {
        const client = random.pick(clients)
        const its = changes(lobby(client))
        const offset = random.integer(1, 20)
        const what = random.integer(0, 10)
        if (step % 30 === 0) lists.push(watched(random.pick(clients), { last: random.integer(2, 30) }))
        if (what < 3) attempt(lobby(client).send("answer", { text: `${step}` }))
        else if (what < 4) attempt(lobby(client).send("say", { text: `${step}` }))
        else if (what < 6) attempt(its.append({ name: "answer", offset }, `+${step}`))
        else if (what < 7) attempt(its.edit({ name: "say", offset }, { text: `e${step}` }))
        else if (what < 8) attempt(its.react({ name: "say", offset }, random.pick(["👍", "🎉"] as const)))
        else if (what < 9) attempt(its.unreact({ name: "say", offset }, "👍"))
        else if (random.integer(0, 3) === 0) attempt(its.delete({ name: "say", offset }))
        if (random.integer(0, 12) === 0) bed.network.cut(true, `192.0.2.${random.integer(0, 2)}`)
        await bed.clock.advance(random.integer(0, 40))
        if (random.integer(0, 4) === 0) for (const index of users.keys()) bed.network.cut(false, `192.0.2.${index}`)
      }
      for (const index of users.keys()) bed.network.cut(false, `192.0.2.${index}`)
      await outcomeOf(bed, Promise.all(sent))
      const judge = messageList(lobby(clientOf("judge")), { last: 200 })
      await bed.clock.until(() => judge.loaded)
      await bed.clock.advance(10_000)
      expect(judge.messages.length).toBeGreaterThan(10)
      const truth = new Map(judge.messages.map((message) => [message.offset, stateOf(message)]))
      for (const list of lists) for (const message of list.messages) expect(stateOf(message)).toEqual(truth.get(message.offset))
    })
})

function stateOf({ name, data, from, changed }: ListedMessage<Chat>): unknown {
  return { name, data, from, changed }
}
