import type { Client } from "@magpie/client"
import { type Presence, type PresentMember, presence } from "@magpie/client/presence"
import type { KindOf } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { failureOf, outcomeOf } from "./chat-bed.ts"
import { type App, closeBed, guest, type PresenceBed, ROOM, type Start, startPresence } from "./presence-bed.ts"

type Room = KindOf<App, "room/:id">

let bed: PresenceBed
afterEach(() => closeBed(bed))

const start = async (options: Start = {}): Promise<void> => {
  bed = await startPresence(options)
}

/** What one sees of the others, one line for each event. */
function look(room: Presence<Room>): string[] {
  const lines: string[] = []
  const nameOf = ({ state }: PresentMember<{ name: string }>): string => state.name
  room.on("join", (member) => lines.push(`+${nameOf(member)}`))
  room.on("update", (member) => lines.push(`~${nameOf(member)}`))
  room.on("leave", (member) => lines.push(`-${nameOf(member)}`))
  return lines
}

const named = (room: Presence<Room>): string[] => [...room.members.values()].map(({ state }) => state.name)
const isLive = (room: Presence<Room>) => (): boolean => room.state.state === "live"
const here = (client: Client<App>, name?: string): Presence<Room> =>
  presence(client.channel(ROOM), name === undefined ? {} : { state: { name } })

describe("two clients", () => {
  it("see each other come, change and go", async () => {
    await start()
    const ann = here(bed.connect({ token: "ann" }), "ann")
    const bob = here(bed.connect({ token: "bob" }))
    const seen = look(bob)
    await bed.clock.until(() => bob.members.size === 1 && isLive(bob)())
    expect([...bob.members.keys()]).toEqual([ann.self])
    expect(bob.self).toBeUndefined()
    await outcomeOf(bed, bob.enter({ name: "bob" }))
    await outcomeOf(bed, ann.update({ name: "Ann" }))
    expect(named(ann)).toEqual(["Ann", "bob"])
    await outcomeOf(bed, ann.leave())
    expect(ann.self).toBeUndefined()
    expect(seen).toEqual(["+ann", "+bob", "~Ann", "-Ann"])
    expect(bob.counts).toEqual({ members: 1, users: 1 })
  })

  it("see one that closes leave at once, and one that vanishes leave once, after the lease", async () => {
    await start()
    const [ann, bob] = [bed.connect({ token: "ann" }), bed.connect({ token: "bob", address: "bob" })]
    here(ann, "ann")
    here(bob, "bob")
    const eve = here(bed.connect({ token: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 2)
    void ann.close()
    await bed.clock.advance(100)
    expect(seen.slice(2)).toEqual(["-ann"])
    bed.network.cut(true, "bob")
    await bed.clock.advance(9_500)
    expect(seen.slice(2)).toEqual(["-ann"])
    await bed.clock.advance(60_000)
    expect(seen.slice(2)).toEqual(["-ann", "-bob"])
    bed.network.cut(false, "bob")
    await bed.clock.until(() => eve.members.size === 1)
    expect(seen.slice(2)).toEqual(["-ann", "-bob", "+bob"])
  })

  it("[I20] see nothing of a link that is lost and comes back, whoever's it was, and have the changes of meanwhile", async () => {
    await start()
    const ann = here(bed.connect({ token: "ann", address: "ann" }), "ann")
    const eve = here(bed.connect({ token: "eve", address: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 1)
    for (let round = 0; round < 5; round++) {
      bed.network.reset(round % 2 === 0 ? "ann" : undefined)
      await bed.clock.advance(8_000)
    }
    expect(seen).toEqual(["+ann"])
    bed.network.cut(true, "eve")
    const bob = here(bed.connect({ token: "bob" }), "bob")
    await outcomeOf(bed, ann.update({ name: "Ann" }))
    bed.network.cut(false, "eve")
    await bed.clock.until(() => eve.members.size === 2)
    expect(seen).toEqual(["+ann", "+bob", "~Ann"])
    expect([...eve.members.keys()].sort()).toEqual([ann.self, bob.self].sort())
  })
})

describe("a restarted server", () => {
  it("[I20] shows no leave and no join of those who come back, and one leave of who does not, after it has settled", async () => {
    await start()
    for (const name of ["ann", "bob"]) here(bed.connect({ token: name }), name)
    const gone = here(bed.connect({ token: "cid", address: "cid" }), "cid")
    const eve = here(bed.connect({ token: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 3 && gone.self !== undefined)
    seen.length = 0
    bed.kill()
    bed.network.cut(true, "cid")
    await bed.clock.advance(1_000)
    await bed.start()
    await bed.clock.advance(9_000)
    expect(seen).toEqual([])
    expect(named(eve).sort()).toEqual(["ann", "bob", "cid"])
    await bed.clock.advance(30_000)
    expect(seen).toEqual(["-cid"])
    expect(eve.counts).toEqual({ members: 2, users: 2 })
  })
})

describe("a room of many pages", () => {
  it("is loaded to its end while it changes, keeps to the server's rate of pages, and ends as it is", async () => {
    await start({ limits: { presencePage: 5, historyReadsPerSecond: 2, messagesPerAddressPerSecond: 100_000 } })
    bed.network.latencyMs = 20
    const guests: { readonly raw: { close(): void } }[] = []
    const more = async (name: string): Promise<void> => void guests.push(await lateGuest(name))
    for (let index = 0; index < 40; index++) await more(`g${index}`)
    const eve = here(bed.connect({ token: "eve" }))
    const states: string[] = []
    eve.on("state", ({ state }) => states.push(state))
    await bed.clock.until(() => eve.state.state === "loading")
    expect(eve.counts.members).toBe(40)
    for (const index of [2, 20, 39]) guests[index]?.raw.close()
    await more("late")
    await bed.clock.until(isLive(eve), 60_000)
    await bed.clock.advance(1_000)
    const all = Array.from({ length: 40 }, (_, index) => `g${index}`).filter((name) => !["g2", "g20", "g39"].includes(name))
    expect(named(eve).sort()).toEqual([...all, "late"].sort())
    expect(states).toEqual(["connecting", "loading", "live"])
  })

  /** With a latency, more than one turn passes until somebody is present. */
  async function lateGuest(name: string) {
    const raw = bed.raw({ address: name })
    raw.send({ type: "hello", version: 1, token: name }, { type: "enter", id: 1, channel: ROOM, state: { name } })
    await bed.clock.until(() => raw.of("entered").length === 1)
    return { raw }
  }
})

describe("one's own presence", () => {
  it("sends the newest of many changes only, and each call resolves when the server knows it or a newer one", async () => {
    await start()
    bed.network.latencyMs = 50
    const ann = here(bed.connect({ token: "ann" }), "0")
    const eve = here(bed.connect({ token: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 1)
    const updates = Array.from({ length: 50 }, (_, index) => ann.update({ name: `${index + 1}` }))
    await outcomeOf(bed, Promise.all(updates))
    await bed.clock.advance(1_000)
    expect(seen).toEqual(["+0", "~1", "~50"])
  })

  it("is refused with the server's reason, and with the contract's before anything leaves", async () => {
    await start({ authorize: ({ action }) => action !== "enter" })
    const client = bed.connect({ token: "ann" })
    const errors: string[] = []
    client.on("error", ({ code }) => errors.push(code))
    const ann = here(client)
    expect((await failureOf(bed, ann.enter({ name: "ann" }))).code).toBe("FORBIDDEN")
    expect((await failureOf(bed, ann.enter({ name: 7 } as never))).details?.field).toBe("state.name")
    expect((await failureOf(bed, ann.update({ name: "x" }))).code).toBe("CONFLICT")
    expect([ann.self, errors]).toEqual([undefined, []])
    here(client, "ann")
    await bed.clock.advance(1_000)
    expect(errors).toEqual(["FORBIDDEN"])
  })

  it("ends when the server takes the right away, and says so", async () => {
    let may = true
    await start({
      authorize: ({ action }) => action === "watch" || may,
      auth: { authenticate: ({ token }, clock) => ({ user: { id: token ?? "" }, expiresAt: clock.now() + 20_000 }) },
    })
    const client = bed.connect({ token: () => "ann" })
    const errors: string[] = []
    client.on("error", ({ code }) => errors.push(code))
    const ann = here(client, "ann")
    await bed.clock.until(() => ann.members.size === 1)
    may = false
    await bed.clock.advance(20_000)
    expect([ann.self, ann.members.size, errors]).toEqual([undefined, 0, ["FORBIDDEN"]])
    may = true
    await bed.clock.advance(20_000)
    expect(ann.members.size).toBe(0)
    await outcomeOf(bed, ann.enter({ name: "again" }))
    await bed.clock.advance(100)
    expect(named(ann)).toEqual(["again"])
  })

  it("survives a refusal that passes: it asks again when the server says", async () => {
    let tries = 0
    await start({
      authorize: ({ action }) => {
        if (action !== "enter") return true
        return ++tries > 0
      },
      limits: { messagesPerSecond: 1 },
    })
    const ann = here(bed.connect({ token: "ann" }), "ann")
    for (let round = 0; round < 10; round++) void ann.enter({ name: `${round}` }).catch(() => {})
    await bed.clock.advance(30_000)
    expect(named(ann)).toEqual(["9"])
  })
})

describe("several handles of one channel", () => {
  it("share one session: it is present while one of them is, as the one says who said so last", async () => {
    await start()
    const client = bed.connect({ token: "ann" })
    const [one, two] = [here(client, "one"), here(client)]
    const eve = here(bed.connect({ token: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 1)
    expect(two.members).toBe(one.members)
    await outcomeOf(bed, two.enter({ name: "two" }))
    two.close()
    await bed.clock.advance(100)
    expect(seen).toEqual(["+one", "~two", "~one"])
    one.close()
    await bed.clock.advance(100)
    expect(seen).toEqual(["+one", "~two", "~one", "-one"])
    one.close()
    expect((await failureOf(bed, one.enter({ name: "x" }))).code).toBe("CLOSED")
  })

  it("look as closely as the one that looks most closely, and no longer than one does", async () => {
    await start()
    const client = bed.connect({ token: "eve" })
    await guest(bed, "ann")
    const counting = presence(client.channel(ROOM), { watch: "counts" })
    await bed.clock.until(() => counting.counts.members === 1)
    expect(counting.members.size).toBe(0)
    const all = here(client)
    await bed.clock.until(() => all.members.size === 1)
    all.close()
    await bed.clock.advance(100)
    await guest(bed, "bob")
    await bed.clock.advance(2_000)
    expect(counting.counts.members).toBe(2)
    counting.close()
    await bed.clock.advance(100)
    const silent = client.statistics.messagesIn
    await guest(bed, "cid")
    await bed.clock.advance(5_000)
    expect(client.statistics.messagesIn - silent).toBeLessThanOrEqual(1)
  })

  it("are not seen to leave when the last is closed and another opened in one turn", async () => {
    await start()
    const client = bed.connect({ token: "ann" })
    const first = here(client, "ann")
    const eve = here(bed.connect({ token: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 1)
    first.close()
    const second = here(client, "ann")
    await bed.clock.advance(5_000)
    expect(seen).toEqual(["+ann"])
    expect(named(second)).toEqual(["ann"])
  })

  it("may take part without looking", async () => {
    await start()
    const ann = presence(bed.connect({ token: "ann" }).channel(ROOM), { state: { name: "ann" }, watch: false })
    const eve = here(bed.connect({ token: "eve" }))
    await bed.clock.until(() => eve.members.size === 1 && ann.self !== undefined)
    expect([ann.members.size, ann.state.state]).toEqual([0, "off"])
  })
})

describe("the end", () => {
  it("[G12] of a client ends its presence: nothing is told, what waits fails with CLOSED, and nothing begins", async () => {
    await start()
    const client = bed.connect({ token: "ann" })
    const ann = here(client, "ann")
    await bed.clock.until(() => ann.members.size === 1)
    const seen = look(ann)
    bed.network.cut(true)
    await bed.clock.advance(100)
    const late = ann.update({ name: "late" })
    const failed = failureOf(bed, late)
    void client.close()
    expect((await failed).code).toBe("CLOSED")
    expect(() => here(client)).toThrow("CLOSED")
    expect((await failureOf(bed, ann.enter({ name: "x" }))).code).toBe("CLOSED")
    bed.network.cut(false)
    await bed.clock.advance(20_000)
    expect(seen).toEqual([])
  })

  it("is told of a channel that has no presence, and of what is no channel", async () => {
    await start()
    const client = bed.connect()
    expect(() => presence(client.channel("bare/a") as never)).toThrow("has no presence")
    expect(() => presence({} as never)).toThrow("must come from client.channel")
  })

  it("a listener that throws is reported, and the others still run", async () => {
    await start()
    const client = bed.connect({ token: "ann" })
    const errors: string[] = []
    client.on("error", ({ code }) => errors.push(code))
    const ann = here(client, "ann")
    ann.on("join", () => {
      throw new Error("mine")
    })
    const seen = look(ann)
    await bed.clock.until(() => ann.members.size === 1)
    expect([seen, errors]).toEqual([["+ann"], ["INTERNAL"]])
  })
})

describe("a loss on a link that stays up", () => {
  it("[G5] is noticed and mended without a leave or join that never was", async () => {
    await start()
    const ann = here(bed.connect({ token: "ann" }), "ann")
    const eve = here(bed.connect({ token: "eve", address: "eve" }))
    const seen = look(eve)
    await bed.clock.until(() => eve.members.size === 1)
    bed.network.loseDown((frame) => frame.includes('"type":"presence"'), "eve")
    await outcomeOf(bed, ann.update({ name: "lost" }))
    await bed.clock.advance(100)
    expect(seen).toEqual(["+ann"])
    await bed.clock.advance(5_000)
    expect(seen).toEqual(["+ann", "~lost"])
    bed.network.loseDown((frame) => frame.includes('"type":"presence"'), "eve")
    await outcomeOf(bed, ann.update({ name: "1" }))
    await outcomeOf(bed, ann.update({ name: "2" }))
    await bed.clock.advance(100)
    expect(seen.slice(2)).toEqual(["~2"])
  })
})
