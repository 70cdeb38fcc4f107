import { join } from "node:path"
import { type Faults, isCleanVerdict, judge, NONE, wordsOf } from "../judge.ts"
import type { PublishQuestions } from "../loads/publish.ts"
import type { TabNote, TabOptions, TabQuestions } from "../loads/tab.ts"
import { type Child, spawnChild, startChild } from "../process/child.ts"
import { type Relay, startRelay } from "../relay.ts"
import type { How, Outcome, Scenario } from "../scenario.ts"
import type { MagpieServerOptions, MagpieServerQuestions } from "../servers/magpie.ts"
import { eventually, sleep } from "../wait.ts"
import { type WordId, wordOf } from "../word.ts"

const SENDS = 100_000
const TABS = 4
/** Words of a tab that wait at a time. */
const WINDOW = 200
/** A tab is killed so long after it was started, at most. */
const TAB_LIFE_MS = 2_500
const SERVER_LIFE_MS = { least: 2_000, most: 8_000 }
const RESET_MS = 400
const BACK_MS = 120_000
/** Words that a killed tab may have sent and not told. */
const UNTOLD = 10_000
const LIMITS = {
  messagesPerSecond: 100_000,
  messagesPerAddressPerSecond: 100_000,
  messagesPerUserPerSecond: 100_000,
  historyReadsPerSecond: 10_000,
  connections: 10_000,
}

/** Tabs with outboxes on their disks, killed and started again at random moments, through resets and kills of the server [G2]. */
export const outbox: Scenario = {
  name: "outbox",
  title: "tabs that keep what they send, killed with SIGKILL at random moments, as is their server",
  limitMs: ({ size = SENDS }) => 180_000 + size * 15,
  async run(how) {
    const relay = await startRelay()
    const stage = await startServer(how, relay)
    const tabs = Array.from({ length: TABS }, (_, tab) => startTab(how, relay, tab))
    const faults = [hurtLinks(how, relay, stage), killServers(how, stage)]
    const wanted = how.size ?? SENDS
    for (let told = 0; keptBy(tabs) < wanted; ) {
      await sleep(RESET_MS)
      if (keptBy(tabs) - told < wanted / 10) continue
      told = keptBy(tabs)
      how.note(`${told.toLocaleString("en")} kept, ${livesOf(tabs)} lives of tabs, ${stage.kills} kills of the server`)
    }
    stage.calm = true
    await Promise.all(faults)
    const broken: string[] = []
    await Promise.all(tabs.map((tab) => tab.end(broken)))
    const outcome = await look(how, relay, tabs, stage, broken)
    await stage.server.kill()
    await relay.close()
    return outcome
  },
}

interface Stage {
  server: Child<MagpieServerQuestions>
  kills: number
  resets: number
  /** Nothing is hurt any more. */
  calm: boolean
  revive(): Promise<void>
}

async function startServer(how: How, relay: Relay): Promise<Stage> {
  const options: MagpieServerOptions = { directory: join(how.directory, "outbox-server"), limits: LIMITS }
  async function start(): Promise<Child<MagpieServerQuestions>> {
    const server = await startChild<MagpieServerQuestions>(new URL("../servers/magpie.js", import.meta.url), {
      core: "server",
      args: [JSON.stringify(options)],
    })
    const { port } = await server.ask("listen")
    relay.target(port)
    return server
  }
  const stage: Stage = {
    server: await start(),
    kills: 0,
    resets: 0,
    calm: false,
    async revive() {
      await stage.server.kill()
      stage.kills++
      stage.server = await start()
    },
  }
  return stage
}

async function hurtLinks({ random }: How, relay: Relay, stage: Stage): Promise<void> {
  while (!stage.calm) {
    await sleep(random.float() * 2 * RESET_MS)
    if (relay.reset()) stage.resets++
  }
}

async function killServers({ random }: How, stage: Stage): Promise<void> {
  const { least, most } = SERVER_LIFE_MS
  while (!stage.calm) {
    await sleep(least + random.float() * (most - least))
    if (!stage.calm) await stage.revive()
  }
}

/** A tab through all its lives; each is a publisher of its own. */
interface Tab {
  /** Of each life its publisher, and how many of its words were kept for sure. */
  readonly lives: readonly { readonly by: number; kept: number }[]
  readonly refusals: readonly string[]
  /** Kills no more, and waits until nothing is pending. */
  end(broken: string[]): Promise<void>
}

function startTab({ directory, random }: How, relay: Relay, tab: number): Tab {
  const lives: { readonly by: number; kept: number }[] = []
  const refusals: string[] = []
  let ending = false

  function begin() {
    const life = { by: 1 + tab + TABS * lives.length, kept: 0 }
    lives.push(life)
    const options: TabOptions = { directory: join(directory, `tab-${tab}`), user: `tab-${tab}`, by: life.by }
    return spawnChild<TabQuestions>(new URL("../loads/tab.js", import.meta.url), {
      args: [JSON.stringify(options)],
      onNote(told: TabNote) {
        if ("kept" in told) life.kept = Math.max(life.kept, told.kept)
        else refusals.push(told.refused)
      },
    })
  }

  async function live(): Promise<Child<TabQuestions>> {
    for (;;) {
      const child = begin()
      const talking = child.ready
        .then(() => child.ask("open", { port: relay.port }))
        .then(() => child.ask("talk", { window: WINDOW }))
        .catch(() => {})
      await sleep(random.float() * TAB_LIFE_MS)
      if (ending) {
        await talking
        return child
      }
      await child.kill()
    }
  }

  const last = live()
  return {
    lives,
    refusals,
    async end(broken) {
      ending = true
      const child = await last
      await child.ask("hush")
      const isEmpty = await eventually(async () => (await child.ask("pending")).pending === 0, BACK_MS)
      if (!isEmpty) broken.push(`tab ${tab} still has messages that are not confirmed`)
      const life = lives.at(-1)
      if (life) life.kept = (await child.ask("pending")).sent
      await child.stop()
    },
  }
}

const keptBy = (tabs: readonly Tab[]): number => tabs.flatMap(({ lives }) => lives).reduce((sum, { kept }) => sum + kept, 0)
const livesOf = (tabs: readonly Tab[]): number => tabs.reduce((sum, { lives }) => sum + lives.length, 0)

async function look(how: How, relay: Relay, tabs: readonly Tab[], stage: Stage, broken: string[]): Promise<Outcome> {
  const reader = await startChild<PublishQuestions>(new URL("../loads/publish.js", import.meta.url), { core: "load" })
  await reader.ask("listen", { port: relay.port })
  const stored = await reader.ask("stored", undefined, BACK_MS)
  await reader.stop()
  const lives = tabs.flatMap((tab) => tab.lives)
  const verdict = judge({
    accepted: lives.flatMap(({ by, kept }) => wordsOf(by, kept)),
    unknown: lives.flatMap(({ by, kept }) => wordsOf(by, kept + UNTOLD)),
    heard: new Map(),
    stored,
    garbled: 0,
  })
  if (!isCleanVerdict(verdict)) broken.push(`a kept message was lost, doubled, reordered or invented: ${verdict.examples.join("; ")}`)
  const refusals = tabs.flatMap((tab) => tab.refusals)
  if (refusals.length > 0) broken.push(`${refusals.length} messages were refused: ${refusals[0]}`)
  for (const [tab, { lives }] of tabs.entries()) {
    if (
      !isInOrder(
        stored,
        lives.map(({ by }) => by),
      )
    )
      broken.push(`tab ${tab}: a later life's message stands before an earlier one's`)
  }
  return outcome(how, tabs, stage, stored.length, verdict.store ?? NONE, broken)
}

/** What a life has left goes out before what the next one sends. */
function isInOrder(stored: readonly WordId[], publishers: readonly number[]): boolean {
  const rank = new Map(publishers.map((by, life) => [by, life]))
  let newest = 0
  for (const id of stored) {
    const life = rank.get(wordOf(id).by)
    if (life === undefined) continue
    if (life < newest) return false
    newest = life
  }
  return true
}

function outcome({ seed }: How, tabs: readonly Tab[], stage: Stage, stored: number, found: Faults, broken: readonly string[]): Outcome {
  const { kills, resets } = stage
  const lives = livesOf(tabs)
  return {
    figures: [
      { name: "chaos/outbox/kept", value: keptBy(tabs), unit: "messages" },
      { name: "chaos/outbox/stored", value: stored, unit: "messages" },
      { name: "chaos/outbox/tab-kills", value: lives - tabs.length, unit: "kills" },
      { name: "chaos/outbox/server-kills", value: kills, unit: "kills" },
      { name: "chaos/outbox/resets", value: resets, unit: "resets" },
      { name: "chaos/outbox/lost", value: found.lost, unit: "messages", owed: 0 },
      { name: "chaos/outbox/doubled", value: found.doubled, unit: "messages", owed: 0 },
      { name: "chaos/outbox/reordered", value: found.reordered, unit: "messages", owed: 0 },
    ],
    broken,
    record: { seed, kept: keptBy(tabs), stored, tabKills: lives - tabs.length, serverKills: kills, resets, store: found },
  }
}
