import { statSync } from "node:fs"
import { join } from "node:path"
import { isCleanVerdict, judge, NONE, type Verdict } from "../judge.ts"
import type { PublishQuestions } from "../loads/publish.ts"
import { type Child, spawnChild, startChild } from "../process/child.ts"
import { quantile } from "../quantile.ts"
import { type Relay, startRelay } from "../relay.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { UP } from "../servers/chat-server.ts"
import type { MagpieServerOptions, MagpieServerQuestions } from "../servers/magpie.ts"
import { eventually, sleep } from "../wait.ts"

const KILLS = 500
const PUBLISHERS = 4
const WINDOW = 16
/** A server is killed so long after it was back in traffic, at most. */
const LIFE_MS = 150
/** One in so many is killed while it is still starting. */
const UNBORN_EVERY = 8
const BOOT_MS = 400
const BACK_MS = 30_000
/** How many large messages a long run writes first, so that its reopen times are those of a log of about a gigabyte. */
const FILLING = 130_000
const LONG = 100
const FILL_MS = 600_000
/** From this size on, a time per size means something. */
const LARGE_BYTES = 2 ** 29
/** A few publishers say as much as many would, and one reader reads everything at once. */
const LIMITS = {
  messagesPerSecond: 100_000,
  messagesPerAddressPerSecond: 100_000,
  messagesPerUserPerSecond: 100_000,
  historyReadsPerSecond: 10_000,
}

/** Durable publishing through a server that is killed at random moments, over and over, on one data directory [F103]. */
export const kills: Scenario = {
  name: "kills",
  title: "durable publishing while the server is killed with SIGKILL at random moments",
  limitMs: ({ size = KILLS }) => 60_000 + (size < LONG ? 0 : FILL_MS) + size * 3_000,
  async run(how) {
    const relay = await startRelay()
    const load = await startChild<PublishQuestions>(new URL("../loads/publish.js", import.meta.url), { core: "load" })
    const lives: Life[] = []
    const broken: string[] = []
    let server = await revive(how, relay, lives)
    await load.ask("listen", { port: relay.port })
    await fill(how, load, relay)
    await load.ask("publish", { port: relay.port, publishers: PUBLISHERS, window: WINDOW })
    for (let kill = 1; kill <= (how.size ?? KILLS); kill++) {
      await inTraffic(load)
      await sleep(how.random.float() * LIFE_MS)
      await server.kill()
      if (kill % UNBORN_EVERY === 0) await killUnborn(how)
      const { newestOffset } = await load.ask("progress")
      server = await revive(how, relay, lives)
      const stored = await server.ask("newestOffset", UP)
      if (stored < newestOffset) broken.push(`after kill ${kill} the log ends at ${stored}, and ${newestOffset} had been acknowledged`)
      if (kill % 50 === 0) how.note(`${kill} kills, ${stored.toLocaleString("en")} messages`)
    }
    await load.ask("hush")
    const settled = await eventually(async () => (await load.ask("progress")).inFlight === 0, BACK_MS)
    if (!settled) broken.push("publishes still wait for their acknowledgement")
    const verdict = await look(load, broken)
    await load.stop()
    await relay.close()
    await server.kill()
    return outcome(how, verdict, lives, broken)
  },
}

/** One start of the server. */
interface Life {
  /** From the first look at the storage to the open port. */
  readonly openedMs: number
  readonly logBytes: number
}

function optionsOf({ directory }: How): string {
  return JSON.stringify({ directory: join(directory, "kills"), limits: LIMITS } satisfies MagpieServerOptions)
}

const SERVER = new URL("../servers/magpie.js", import.meta.url)

async function revive(how: How, relay: Relay, lives: Life[]): Promise<Child<MagpieServerQuestions>> {
  const server = await startChild<MagpieServerQuestions>(SERVER, { core: "server", args: [optionsOf(how)] })
  const { port, openedMs } = await server.ask("listen")
  relay.target(port)
  lives.push({ openedMs, logBytes: statSync(join(how.directory, "kills", "data.mdb")).size })
  return server
}

async function fill({ size = KILLS, note }: How, load: Child<PublishQuestions>, { port }: Relay): Promise<void> {
  if (size < LONG) return
  note(`writing ${FILLING.toLocaleString("en")} large messages first`)
  await load.ask("fill", { port, by: PUBLISHERS + 1, count: FILLING, window: 4 * WINDOW }, FILL_MS)
}

/** Recovery itself may be interrupted. */
async function killUnborn(how: How): Promise<void> {
  const server = spawnChild<MagpieServerQuestions>(SERVER, { core: "server", args: [optionsOf(how)] })
  void server.ask("listen").catch(() => {})
  await sleep(how.random.float() * BOOT_MS)
  await server.kill()
}

/** Waits until something is acknowledged by the server that is there now, with more in flight behind it. */
async function inTraffic(load: Child<PublishQuestions>): Promise<void> {
  const { acknowledged } = await load.ask("progress")
  const back = await eventually(async () => (await load.ask("progress")).acknowledged > acknowledged, BACK_MS)
  if (!back) throw new Error(`nothing was acknowledged within ${BACK_MS} ms after a start`)
}

async function look(load: Child<PublishQuestions>, broken: string[]): Promise<Verdict> {
  const stored = await load.ask("stored", undefined, FILL_MS)
  await eventually(async () => (await load.ask("progress")).heard >= stored.length, BACK_MS)
  const { sent, acknowledged, offsets, heard, garbled, gaps, refusals } = await load.ask("remembered")
  const moved = acknowledged.filter((id, index) => stored[(offsets[index] ?? 0) - 1] !== id)
  if (moved.length > 0) broken.push(`${moved.length} acknowledged messages do not stand where their acknowledgement said`)
  if (gaps > 0) broken.push(`the subscriber was told of ${gaps} gaps, where nothing had left history`)
  if (refusals.length > 0) broken.push(`${refusals.length} publishes were refused: ${refusals[0]}`)
  const verdict = judge({ accepted: acknowledged, unknown: sent, heard: new Map([["the subscriber", heard]]), stored, garbled })
  if (!isCleanVerdict(verdict)) broken.push(`a message was lost, doubled, reordered or invented: ${verdict.examples.join("; ")}`)
  return verdict
}

function outcome({ seed, size = KILLS }: How, verdict: Verdict, lives: readonly Life[], broken: readonly string[]): Outcome {
  const opened = lives.map(({ openedMs }) => openedMs)
  const { store = NONE, subscribers, words } = verdict
  const reopen = { p50: quantile(opened, 0.5), p99: quantile(opened, 0.99), max: Math.max(...opened) }
  const logBytes = lives.at(-1)?.logBytes ?? 0
  const perGiB = lives.filter((life) => life.logBytes >= LARGE_BYTES).map((life) => (life.openedMs / life.logBytes) * 2 ** 30)
  const figures: Figure[] = [
    { name: "chaos/kills", value: size, unit: "kills" },
    { name: "chaos/kills/acknowledged", value: words, unit: "messages" },
    { name: "chaos/kills/lost", value: store.lost + subscribers.lost, unit: "messages", owed: 0 },
    { name: "chaos/kills/doubled", value: store.doubled + subscribers.doubled, unit: "messages", owed: 0 },
    { name: "chaos/kills/reordered", value: store.reordered + subscribers.reordered, unit: "messages", owed: 0 },
    { name: "chaos/kills/reopen-p50", value: reopen.p50, unit: "ms" },
    { name: "chaos/kills/reopen-max", value: reopen.max, unit: "ms" },
    { name: "chaos/kills/log", value: logBytes / 2 ** 20, unit: "MiB" },
    ...(perGiB.length === 0 ? [] : [{ name: "chaos/kills/reopen-max-per-GiB", value: Math.max(...perGiB), unit: "ms / GiB", owed: 1_000 }]),
  ]
  return {
    figures,
    broken,
    record: { seed, kills: size, acknowledged: words, store, subscribers, reopenMs: reopen, logBytes },
  }
}
