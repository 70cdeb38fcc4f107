import { join } from "node:path"
import { refuseFewFiles } from "../files.ts"
import type { Answered, ProberQuestions } from "../loads/prober.ts"
import type { Heard, SubscribersQuestions } from "../loads/subscribers.ts"
import { type Child, startChild } from "../process/child.ts"
import { quantile } from "../quantile.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { SERVER } from "../servers/chat-server.ts"
import type { LoopDelay } from "../servers/loop-delay.ts"
import type { MagpieServerOptions, MagpieServerQuestions } from "../servers/magpie.ts"
import { eventually, sleep } from "../wait.ts"
import { word } from "../word.ts"

const SUBSCRIBERS = { quick: 2_000, full: 50_000 }
const PROCESSES = 2
const ROUNDS = { quick: 5, full: 20 }
/** Characters, of which some take three bytes. */
const LENGTH = 660
const BYTES = Buffer.byteLength(JSON.stringify(word(SERVER, 1, LENGTH)))
const PROBERS = 10
const PROBE_EVERY_MS = 50
const CALM_MS = 2_000
const ROUND_MS = 30_000
const CHANNEL = "talk/hot"
const MANY = 1_000_000
const OWED = { loopP99Ms: 10 }

/** One channel that everybody follows: a message is encoded once, leaves in slices, and pings are answered meanwhile [F83]. */
export const hot: Scenario = {
  name: "hot",
  title: "one channel that everybody follows",
  limitMs: (how) => 120_000 + sizeOf(how) * 20 + ROUNDS.full * ROUND_MS,
  async run(how) {
    refuseFewFiles(sizeOf(how) + PROBERS)
    return outcome(how, await measure(how, sizeOf(how)))
  },
}

function sizeOf({ size, quick }: How): number {
  return size ?? (quick ? SUBSCRIBERS.quick : SUBSCRIBERS.full)
}

interface Measured {
  readonly rounds: number
  readonly heard: readonly Heard[]
  /** Delay of the server's event loop, and answers to pings, before anything is sent and while it is. */
  readonly loop: LoopDelay
  readonly calm: Answered
  readonly during: Answered
  readonly cpuSeconds: number
  readonly late: number
}

/** Sends one message after the other, each when everybody has the one before. */
async function measure(how: How, subscribers: number): Promise<Measured> {
  const rounds = how.quick ? ROUNDS.quick : ROUNDS.full
  // Only what one machine cannot keep while it plays everybody.
  const limits = { connections: MANY, handshakesPerSecond: MANY, handshakesPerAddressPerSecond: MANY }
  const server = await startChild<MagpieServerQuestions>(new URL("../servers/magpie.js", import.meta.url), {
    core: "server",
    args: [JSON.stringify({ directory: join(how.directory, "hot"), limits } satisfies MagpieServerOptions)],
  })
  const { port } = await server.ask("listen")
  const crowds = await gather(how, port, subscribers)
  const prober = await startChild<ProberQuestions>(new URL("../loads/prober.js", import.meta.url), { core: "load" })
  await prober.ask("open", { port, first: subscribers, count: PROBERS, everyMs: PROBE_EVERY_MS })
  await sleep(CALM_MS)
  await prober.ask("restart")
  await sleep(CALM_MS)
  const calm = await prober.ask("read")

  const before = await server.ask("usage")
  await server.ask("watch")
  await prober.ask("restart")
  let late = 0
  for (let round = 1; round <= rounds; round++) {
    await server.ask("sayOne", { channel: CHANNEL, n: round, length: LENGTH })
    if (!(await eventually(async () => reachedBy(await heardBy(crowds), round) === subscribers, ROUND_MS))) late++
  }
  const [loop, during, after] = [await server.ask("loopDelay"), await prober.ask("read"), await server.ask("usage")]
  const heard = await heardBy(crowds)
  await prober.stop()
  await Promise.all(crowds.map((crowd) => crowd.kill()))
  await server.stop()
  return { rounds, heard, loop, calm, during, cpuSeconds: after.cpuSeconds - before.cpuSeconds, late }
}

async function gather(how: How, port: number, subscribers: number): Promise<readonly Child<SubscribersQuestions>[]> {
  const crowds: Child<SubscribersQuestions>[] = []
  const each = Math.ceil(subscribers / PROCESSES)
  for (let first = 0; first < subscribers; first += each) {
    const crowd = await startChild<SubscribersQuestions>(new URL("../loads/subscribers.js", import.meta.url))
    crowds.push(crowd)
    const count = Math.min(each, subscribers - first)
    await crowd.ask("open", { port, channel: CHANNEL, first, count }, ROUND_MS + count * 10)
    how.note(`${(first + count).toLocaleString("en")} subscribers are connected`)
  }
  return crowds
}

function heardBy(crowds: readonly Child<SubscribersQuestions>[]): Promise<readonly Heard[]> {
  return Promise.all(crowds.map((crowd) => crowd.ask("heard")))
}

function reachedBy(heard: readonly Heard[], offset: number): number {
  return heard.reduce((sum, { reached }) => sum + (new Map(reached).get(offset) ?? 0), 0)
}

function outcome(how: How, measured: Measured): Outcome {
  const { rounds, heard, loop, calm, during, cpuSeconds, late } = measured
  const subscribers = sizeOf(how)
  const deliveries = heard.reduce((sum, each) => sum + each.deliveries, 0)
  const lastMs = Array.from({ length: rounds }, (_, index) => Math.max(...heard.map((each) => new Map(each.lastMs).get(index + 1) ?? 0)))
  const last = { p50: quantile(lastMs, 0.5), max: quantile(lastMs, 1) }
  const wrong = heard.flatMap((each) => each.wrong)
  const broken: string[] = []
  if (late > 0) broken.push(`${late} of ${rounds} messages had not reached everybody after ${ROUND_MS / 1_000} s`)
  if (deliveries !== rounds * subscribers) broken.push(`${deliveries} deliveries, where ${rounds * subscribers} are owed`)
  if (wrong.length > 0) broken.push(`a message was lost, doubled, reordered or changed: ${wrong.join("; ")}`)
  const figure = (name: string, value: number, unit: string, owed?: number): Figure => ({
    name: `chaos/hot${name}`,
    value,
    unit,
    ...(owed === undefined ? {} : { owed }),
  })
  return {
    figures: [
      figure("", subscribers, "subscribers"),
      figure("/bytes", BYTES, "bytes"),
      figure("/deliveries", deliveries, "messages"),
      figure("/cpu", (cpuSeconds * 1e6) / deliveries, "µs / delivery"),
      figure("/last-p50", last.p50, "ms"),
      figure("/last-max", last.max, "ms"),
      figure("/loop-p99", loop.p99, "ms", OWED.loopP99Ms),
      figure("/loop-max", loop.max, "ms"),
      { ...figure("/ping-p50", during.p50, "ms"), peer: "calm", peerValue: calm.p50 },
      { ...figure("/ping-p99", during.p99, "ms"), peer: "calm", peerValue: calm.p99 },
      { ...figure("/ping-max", during.max, "ms"), peer: "calm", peerValue: calm.max },
    ],
    broken,
    record: {
      seed: how.seed,
      subscribers,
      bytes: BYTES,
      rounds,
      deliveries,
      cpuMicrosecondsEach: (cpuSeconds * 1e6) / deliveries,
      lastMs: last,
      loopMs: loop,
      pingMs: { calm, during },
    },
  }
}
