import type { Client } from "@magpie/client"
import { changes, type MessageList, messageList } from "@magpie/client/changes"
import { inbox } from "@magpie/client/inbox"
import { memoryLanes } from "@magpie/client/persistent"
import { memoryStorage } from "@magpie/journal"
import type { KindOf } from "@magpie/protocol"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type App, type ChangesBed, startChanges } from "./changes-bed.ts"
import { outcomeOf, tokenOf } from "./chat-bed.ts"

type Chat = KindOf<App, "chat/:room">

let bed: ChangesBed
/** What was asked of the server's rights, as `user action`. */
let asked: string[]
beforeEach(async () => {
  asked = []
  bed = await startChanges({
    authorize({ user, action }: { readonly user?: { readonly id: string }; readonly action: string }) {
      asked.push(`${user?.id} ${action}`)
      return user?.id !== "eve"
    },
  })
})
afterEach(async () => {
  await bed.close()
  expect([bed.network.links, bed.clock.pendingTimers]).toEqual([0, 0])
})

const shown = (list: MessageList<Chat>): readonly string[] =>
  list.messages.map((message) => (message.name === "$deleted" ? `- ${message.data.name}` : message.data.text))

/** A page of that user on one device. */
function page(lanes: ReturnType<typeof memoryLanes>, user = "ann", options: { readonly last?: number } = {}) {
  const client: Client<App> = bed.connect({ token: tokenOf(user), address: user })
  const channel = client.channel("chat/a")
  const box = inbox({ name: "device", lanes })
  const list = messageList(channel, { inbox: box, ...options })
  return { client, channel, box, list, leave: () => outcomeOf(bed, client.close()) }
}

async function say(...texts: readonly string[]): Promise<void> {
  for (const text of texts) await outcomeOf(bed, bed.server.channel("chat/a").publish("say", { text }))
  await bed.clock.advance(100)
}

const isLoaded = ({ list }: { readonly list: MessageList<Chat> }): Promise<void> => bed.clock.until(() => list.loaded)

describe("a list with an inbox", () => {
  it("[G3] [G4] shows what the device has before there is a link, then asks for the difference alone, changes included", async () => {
    await say("one", "two", "three", "four")
    const lanes = memoryLanes()
    const first = page(lanes, "ann", { last: 3 })
    await isLoaded(first)
    expect([shown(first.list), first.list.hasOlder]).toEqual([["two", "three", "four"], true])
    await first.leave()

    const log = bed.server.channel("chat/a")
    await outcomeOf(bed, log.edit({ name: "say", offset: 2 }, { text: "two, edited" }))
    await outcomeOf(bed, log.delete({ name: "say", offset: 3 }))
    await say("five")
    bed.network.latencyMs = 1_000
    asked = []
    const second = page(lanes, "ann", { last: 3 })
    await bed.clock.settle()
    expect([shown(second.list), second.list.loaded]).toEqual([["two", "three", "four"], false])
    await isLoaded(second)
    await bed.clock.advance(10_000)
    expect(shown(second.list)).toEqual(["two, edited", "- say", "four", "five"])
    expect(asked).toEqual(["ann subscribe"])
    expect(second.list.messages[0]?.changed?.edited?.count).toBe(1)

    await outcomeOf(bed, changes(second.channel).react({ name: "say", offset: 4 }, "👍"))
    await outcomeOf(bed, second.list.loadOlder())
    expect(shown(second.list)).toEqual(["one", "two, edited", "- say", "four", "five"])
    expect(second.list.messages[3]?.changed?.reactions).toHaveLength(1)
    expect(second.list.hasOlder).toBe(false)
    await second.leave()
    const third = page(lanes, "ann", { last: 3 })
    await bed.clock.settle()
    // Of what was deleted the device has nothing.
    expect(shown(third.list)).toEqual(["two, edited", "four", "five"])
  })

  it("[G4] begins anew where the device's copy does not go on in the server's log", async () => {
    await say("of a log that is lost")
    const lanes = memoryLanes()
    const first = page(lanes)
    await isLoaded(first)
    await first.leave()
    bed.kill()
    await bed.start(memoryStorage())
    await say("new one", "new two")
    const second = page(lanes)
    await bed.clock.settle()
    await bed.clock.until(() => shown(second.list).includes("new two"))
    expect([shown(second.list), second.list.loaded]).toEqual([["new one", "new two"], true])
  })

  it("[G10] shows nothing that another user has left as soon as the server says who this is, on no channel of the device", async () => {
    await say("seen by ann")
    await outcomeOf(bed, bed.server.channel("chat/b").publish("say", { text: "seen by ann too" }))
    const lanes = memoryLanes()
    const first = page(lanes)
    const beside = messageList(first.client.channel("chat/b"), { inbox: first.box })
    await isLoaded(first)
    await bed.clock.until(() => beside.loaded)
    await first.leave()
    // He may read what she could: it comes from the server.
    asked = []
    const second = page(lanes, "bob")
    await isLoaded(second)
    await bed.clock.advance(1_000)
    expect([shown(second.list), asked.includes("bob history")]).toEqual([["seen by ann"], true])
    await say("seen by bob")
    await second.leave()
    bed.network.latencyMs = 1_000
    const third = page(lanes, "eve")
    await bed.clock.settle()
    expect(shown(third.list)).toEqual(["seen by bob"])
    await bed.clock.until(() => third.list.error !== undefined)
    expect([shown(third.list), third.list.error?.code]).toEqual([[], "FORBIDDEN"])
    await third.leave()
    const fourth = page(lanes, "bob")
    const hers = messageList(fourth.client.channel("chat/b"), { inbox: fourth.box })
    await bed.clock.settle()
    expect([shown(fourth.list), shown(hers)]).toEqual([[], []])
  })

  it("reads the newest page where the device has nothing, and is one view with a list without an inbox", async () => {
    await say("one", "two", "three")
    const one = page(memoryLanes(), "ann", { last: 2 })
    const other = messageList(bed.connect({ token: tokenOf("bob"), address: "bob" }).channel("chat/a"), { last: 2 })
    await isLoaded(one)
    await bed.clock.until(() => other.loaded)
    await say("four")
    expect(one.list.messages.map(({ offset }) => offset)).toEqual([2, 3, 4])
    expect([shown(one.list), one.list.hasOlder]).toEqual([shown(other), other.hasOlder])
  })

  it("[G12] that is closed before the device has answered listens to nothing", async () => {
    await say("one")
    const { list } = page(memoryLanes())
    list.close()
    await bed.clock.advance(5_000)
    await say("two")
    expect(shown(list)).toEqual([])
  })
})
