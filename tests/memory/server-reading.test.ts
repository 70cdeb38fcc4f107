import { memoryStorage } from "@magpie/journal"
import type { Position } from "@magpie/protocol"
import type { ServerStreamChannel } from "@magpie/server"
import { afterEach, describe, expect, it } from "vitest"
import { type ChangesBed, plain, startChanges } from "./changes-bed.ts"
import { type App, type ChatBed, closeBed, failureOf, outcomeOf, startChat } from "./chat-bed.ts"
import { clustersClosedAfterEach } from "./server-cluster.ts"

type Channel = Pick<ServerStreamChannel<App["channels"]["chat/:room"]>, "publish" | "read" | "follow">

let bed: ChatBed | undefined
let changing: ChangesBed | undefined
afterEach(async () => {
  if (bed !== undefined) await closeBed(bed)
  await changing?.close()
  bed = changing = undefined
})

const startCluster = clustersClosedAfterEach()

interface Heard {
  /** Offsets with texts, or what is missing. */
  readonly lines: string[]
  readonly places: Position[]
  readonly isOver: () => boolean
  readonly stop: () => void
}

/** Follows a channel, and keeps what comes. */
function follow(channel: Channel, after?: Position | "now" | "start"): Heard {
  const lines: string[] = []
  const places: Position[] = []
  const ended = new AbortController()
  let over = false
  const events = channel.follow({ signal: ended.signal, ...(after === undefined ? {} : { after }) })
  void (async () => {
    for await (const event of events) {
      places.push(event.position)
      if (event.type === "message") lines.push(`${event.position.offset} ${event.message?.data.text}`)
      else if (event.type === "gap") lines.push(`${event.reason} ${event.from}-${event.to}`)
    }
    over = true
  })()
  return { lines, places, isOver: () => over, stop: () => ended.abort() }
}

async function publishAll(its: ChatBed, channel: Channel, ...texts: string[]): Promise<void> {
  for (const text of texts) await outcomeOf(its, channel.publish("say", { text }))
}

/** Each event takes turns of its own, and no time. */
async function heardAll(its: ChatBed, fact: () => boolean): Promise<void> {
  while (!fact()) await its.clock.settle()
}

describe("a stream read by the server", () => {
  it("is read page by page, each from the position of the one before", async () => {
    bed = await startChat()
    const channel = bed.server.channel("chat/a")
    await publishAll(bed, channel, "one", "two", "three")
    const first = await outcomeOf(bed, channel.read({ limit: 2 }))
    expect(first).toMatchObject({ events: [{ message: { data: { text: "one" } } }, { message: { offset: 2 } }], more: true })
    const second = await outcomeOf(bed, channel.read({ after: first.position, limit: 2 }))
    expect(second).toMatchObject({ events: [{ type: "message", message: { name: "say", data: { text: "three" } } }], more: false })
    expect(await outcomeOf(bed, channel.read({ after: second.position }))).toMatchObject({ events: [], more: false })
    expect(await failureOf(bed, channel.read({ limit: 1_001 }))).toMatchObject({ code: "BAD_REQUEST", details: { field: "limit" } })
  })

  it("[G4] is followed from a position on, over more than a page, and each message comes once and in order", async () => {
    bed = await startChat()
    const channel = bed.server.channel("chat/a")
    const texts = Array.from({ length: 600 }, (_, index) => `${index + 1}`)
    await publishAll(bed, channel, ...texts.slice(0, 400))
    const whole = follow(channel, "start")
    const late = follow(channel)
    await heardAll(bed, () => whole.lines.length === 400)
    await publishAll(bed, channel, ...texts.slice(400))
    const again = follow(channel, whole.places[549] as Position)
    await heardAll(bed, () => [whole, late, again].every(({ lines }) => lines.at(-1) === "600 600"))
    expect(whole.lines).toEqual(texts.map((text) => `${text} ${text}`))
    expect(late.lines).toEqual(whole.lines.slice(400))
    expect(again.lines).toEqual(whole.lines.slice(550))
    whole.stop()
    await bed.clock.settle()
    expect(whole.isOver()).toBe(true)
    await publishAll(bed, channel, "more")
    expect([whole.lines.length, late.lines.length]).toEqual([600, 201])
  })

  it("tells of changes in their place, with the message as it is now, and of receipts", async () => {
    const its = await startChanges()
    changing = its
    const channel = its.server.channel("chat/a")
    for (const text of ["one", "two", "three"]) await outcomeOf(its, channel.publish("say", { text }))
    const { position } = await outcomeOf(its, channel.read())
    await outcomeOf(its, channel.delete({ name: "say", offset: 1 }))
    await outcomeOf(its, channel.edit({ name: "say", offset: 2 }, { text: "zwei" }, { from: "mod" }))
    const raw = await plain(its, "ann")
    raw.send({ type: "publish", id: 9, channel: "chat/a", name: "$read", data: { upTo: 3 }, sequence: 1 })
    await its.clock.settle()
    expect((await outcomeOf(its, channel.read({ after: position }))).events).toMatchObject([
      { type: "change", position: { offset: 4 }, offset: 1, message: undefined },
      { type: "change", position: { offset: 5 }, offset: 2, from: "mod", message: { name: "say", data: { text: "zwei" }, offset: 2 } },
      { type: "read", position: { offset: 6 }, from: "ann", upTo: 3 },
    ])
    const [deleted, edited] = (await outcomeOf(its, channel.read())).events
    expect(deleted).toMatchObject({ type: "message", position: { offset: 1 }, message: undefined })
    expect(edited).toMatchObject({ message: { data: { text: "zwei" }, changed: { version: 5 } } })
  })

  it("[G12] ends with the server, also for one who was never asked for anything", async () => {
    bed = await startChat()
    const channel = bed.server.channel("chat/a")
    const heard = follow(channel)
    channel.follow()
    await bed.clock.settle()
    await outcomeOf(bed, bed.server.close({ spreadMs: 0 }))
    expect(heard.isOver()).toBe(true)
  })

  it("[G4] says what retention took away before it was read, and nothing where it was not asked for", async () => {
    bed = await startChat()
    const channel = bed.server.channel("short/a")
    await publishAll(bed, channel, "one")
    const { position } = await outcomeOf(bed, channel.read())
    await publishAll(bed, channel, ...Array.from({ length: 20 }, (_, index) => `${index + 2}`))
    const [behind, fresh] = [follow(channel, position), follow(channel, "start")]
    await bed.clock.settle()
    const [gap = "", ...rest] = behind.lines
    const first = Number(rest[0]?.split(" ")[0])
    expect(gap).toBe(`trimmed 2-${first - 1}`)
    expect(rest.at(-1)).toBe("21 21")
    expect(fresh.lines).toEqual(rest)
  })

  it("[F52] says that the log is another one, and gives all that is there", async () => {
    bed = await startChat()
    await publishAll(bed, bed.server.channel("chat/a"), "one", "two")
    const { position } = await outcomeOf(bed, bed.server.channel("chat/a").read())
    bed.kill()
    await bed.start(memoryStorage())
    await publishAll(bed, bed.server.channel("chat/a"), "other")
    const heard = follow(bed.server.channel("chat/a"), position)
    await bed.clock.settle()
    expect(heard.lines).toEqual(["epoch 3-undefined", "1 other"])
    expect(heard.places[0]).toEqual({ epoch: heard.places[1]?.epoch, offset: 0 })
  })

  it("[F70] goes on without a word where a log that was set back still ends with what was read, and else says so", async () => {
    const { env, model, server, settled } = await startCluster()
    const room = server(0).channel("chat/lobby")
    for (const text of ["one", "two", "three"]) await settled(room.publish("say", { text }))
    const [read, ahead] = [await settled(room.read({ limit: 2 })), await settled(room.read())]
    await env.clock.until(() => server(1).channel("chat/lobby").position.offset === 3)
    const live = follow(server(1).channel("chat/lobby"), "start")
    const { epoch } = room.position
    model.restart({ lose: 1 })
    await env.clock.until(() => {
      try {
        return [0, 1].every((node) => server(node).channel("chat/lobby").position.epoch !== epoch)
      } catch {
        return false
      }
    })
    await settled(room.publish("say", { text: "another" }))
    const [kept, lost] = [follow(room, read.position), follow(room, ahead.position)]
    await env.clock.until(() => [kept, lost, live].every(({ lines }) => lines.at(-1) === "3 another"))
    expect(kept.lines).toEqual(["3 another"])
    expect(lost.lines).toEqual(["epoch 4-undefined", "1 one", "2 two", "3 another"])
    expect(live.lines).toEqual(["1 one", "2 two", "3 three", "epoch 4-undefined", "1 one", "2 two", "3 another"])
  })
})
