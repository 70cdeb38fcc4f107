import type { Client } from "@magpie/client"
import { afterEach, describe, expect, it } from "vitest"
import type { App } from "./chat-bed.ts"
import { NAMES, type RollingBed, rollingBed, type Version } from "./rolling-bed.ts"
import { PAGE } from "./shared-log-bed.ts"

const CHANNELS = ["chat/a", "chat/b"] as const
/** Longer than a node stays listed after its end. */
const FORGOTTEN_MS = 12_000
const BETWEEN_MS = 2_000
const SAY_EVERY_MS = 400
const LIMIT_MS = 120_000

let bed: RollingBed
afterEach(() => bed.close())

/** A client that talks on both channels all the time, and notes what it hears. */
interface Talker {
  readonly name: string
  /** By channel: what it said, in its order. */
  readonly said: Map<string, string[]>
  readonly heard: Map<string, { readonly offset: number | undefined; readonly text: string }[]>
  readonly failures: unknown[]
  readonly gaps: unknown[]
  acknowledged: number
}

function createTalker(client: Client<App>, name: string) {
  const said = new Map<string, string[]>(CHANNELS.map((channel) => [channel, []]))
  const heard = new Map<string, { offset: number | undefined; text: string }[]>(CHANNELS.map((channel) => [channel, []]))
  const failures: unknown[] = []
  const gaps: unknown[] = []
  for (const channel of CHANNELS) {
    const { on, subscription } = client.channel(channel)
    on("say", ({ offset, data }) => heard.get(channel)?.push({ offset, text: data.text }))
    subscription.on("gap", (gap) => gaps.push(gap))
  }
  const talker: Talker = { name, said, heard, failures, gaps, acknowledged: 0 }
  return Object.assign(talker, {
    isLive: () => CHANNELS.every((channel) => client.channel(channel).subscription.state.state === "live"),
    talk() {
      for (const channel of CHANNELS) {
        const text = `${name} ${said.get(channel)?.length}`
        said.get(channel)?.push(text)
        client
          .channel(channel)
          .send("say", { text })
          .then(
            () => talker.acknowledged++,
            (failure: unknown) => failures.push(failure),
          )
      }
    },
  })
}

/** Starts three nodes of the first version and, before anything is said, clients of both that talk without end. */
async function startTalking() {
  bed = rollingBed()
  for (const name of NAMES) await bed.start(name, 1)
  const talkers = ([1, 2, 2] as Version[]).map((version, index) => createTalker(bed.client(version), `client-${index}`))
  const { clock } = bed.env
  await clock.until(() => talkers.every(({ isLive }) => isLive()), LIMIT_MS)
  let talking = true
  const talk = (): void => {
    if (!talking) return
    for (const talker of talkers) talker.talk()
    clock.setTimer(SAY_EVERY_MS, talk)
  }
  talk()
  await clock.advance(BETWEEN_MS)
  return {
    talkers,
    async restart(name: string, version: Version): Promise<void> {
      await bed.stop(name)
      await clock.advance(1_000)
      await bed.start(name, version)
      await clock.advance(BETWEEN_MS)
    },
    /** Lets everybody finish, and looks for anything lost, doubled or in another order. */
    async judge(): Promise<void> {
      talking = false
      const owed = (talker: Talker): number => [...talker.said.values()].reduce((sum, texts) => sum + texts.length, 0)
      await clock.until(() => talkers.every((talker) => talker.acknowledged + talker.failures.length === owed(talker)), LIMIT_MS)
      const all = (channel: string): number => talkers.reduce((sum, { said }) => sum + (said.get(channel)?.length ?? 0), 0)
      await clock.until(
        () => CHANNELS.every((channel) => talkers.every(({ heard }) => (heard.get(channel)?.length ?? 0) >= all(channel))),
        LIMIT_MS,
      )
      expect(talkers.flatMap(({ failures, gaps }) => [...failures, ...gaps])).toEqual([])
      for (const channel of CHANNELS) judgeChannel(channel, talkers)
    },
  }
}

function judgeChannel(channel: string, talkers: readonly Talker[]): void {
  const [first] = bed.nodes.values()
  const stored = first?.log.readAfter(channel, 0, PAGE).publications.map(({ data }) => (JSON.parse(data) as { text: string }).text) ?? []
  expect(stored.length).toBeGreaterThan(30)
  for (const { log } of bed.nodes.values()) {
    expect(log.readAfter(channel, 0, PAGE).publications.map(({ data }) => (JSON.parse(data) as { text: string }).text)).toEqual(stored)
  }
  for (const { name, said, heard } of talkers) {
    expect(stored.filter((text) => text.startsWith(`${name} `))).toEqual(said.get(channel))
    expect(heard.get(channel)).toEqual(stored.map((text, index) => ({ offset: index + 1, text })))
  }
}

describe("three nodes under load, restarted one at a time", () => {
  it("[F85] as a newer version lose, double and reorder nothing, and then know no older one", async () => {
    const { restart, judge } = await startTalking()
    for (const name of NAMES) await restart(name, 2)
    await bed.env.clock.advance(FORGOTTEN_MS)
    // The newer rules hold: who does not know them cannot take part, and the others go on without it.
    await expect(restart("a", 1)).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    expect([...bed.nodes.keys()]).toEqual(["b", "c"])
    await bed.env.clock.advance(BETWEEN_MS)
    await bed.start("a", 2)
    await bed.env.clock.advance(BETWEEN_MS)
    await judge()
  })

  it("[F85] may go back while one of them is still of the older version, and lose nothing on either way", async () => {
    const { restart, judge } = await startTalking()
    await restart("a", 2)
    await restart("b", 2)
    await bed.env.clock.advance(FORGOTTEN_MS)
    await restart("b", 1)
    await restart("a", 1)
    await bed.env.clock.advance(FORGOTTEN_MS)
    await restart("c", 1)
    await judge()
    expect([...bed.nodes.values()].map(({ version }) => version)).toEqual([1, 1, 1])
  })

  it("[F85] while the last of the older version is out of reach: it takes itself out when it hears of newer rules, and nothing is lost", async () => {
    const { restart, judge } = await startTalking()
    await restart("a", 2)
    await restart("b", 2)
    bed.model.cut("c")
    await bed.env.clock.advance(FORGOTTEN_MS)
    let fenced = false
    bed.nodes.get("c")?.log.onFenced(() => {
      fenced = true
    })
    bed.model.heal("c")
    await bed.env.clock.until(() => fenced, LIMIT_MS)
    bed.kill("c")
    await expect(bed.start("c", 1)).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    await bed.env.clock.advance(BETWEEN_MS)
    await bed.start("c", 2)
    await bed.env.clock.advance(BETWEEN_MS)
    await judge()
  })
})
