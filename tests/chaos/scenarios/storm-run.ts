import { join } from "node:path"
import { together, type Verdict } from "../judge.ts"
import type { CrowdQuestions } from "../loads/crowd.ts"
import { type Child, startChild } from "../process/child.ts"
import type { How } from "../scenario.ts"
import type { ChatNote } from "../servers/chat-server.ts"
import type { LoopDelay } from "../servers/loop-delay.ts"
import type { MagpieServerOptions, MagpieServerQuestions } from "../servers/magpie.ts"
import { eventually, sleep } from "../wait.ts"
import { type WordId, wordOf } from "../word.ts"

/** What happened after the cut, as clients and server saw it. Times are in milliseconds since then. */
export interface Returned {
  /** When each client heard something that was said after the cut. */
  readonly resumed: readonly number[]
  /** Each client's first attempt to connect, and those that followed a failed one. */
  readonly first: readonly number[]
  readonly retries: readonly number[]
  /** How links ended, counted. */
  readonly ends: Readonly<Record<string, number>>
  readonly loop: LoopDelay
  readonly cpuSeconds: number
  /** What the server counted. */
  readonly counted: Readonly<Record<string, number>>
  readonly verdict: Verdict
  readonly gaps: number
}

const PER_PROCESS = 2_500
const ROOMS = 100
const PER_SECOND = 20
const CALM_MS = 2_000

/** Gathers a crowd, cuts all its links in one moment, and waits until everybody is back, at most so long. */
export async function cutAndWait(how: How, clients: number, returnMs: number): Promise<Returned> {
  const said = Array.from({ length: ROOMS }, (): WordId[] => [])
  const server = await startChild<MagpieServerQuestions>(new URL("../servers/magpie.js", import.meta.url), {
    core: "server",
    args: [JSON.stringify({ directory: join(how.directory, "storm") } satisfies MagpieServerOptions)],
    onNote: (note: ChatNote) => "spoke" in note && said[wordOf(note.spoke).n % ROOMS]?.push(note.spoke),
  })
  const { port } = await server.ask("listen")
  await server.ask("spreadOver", ROOMS)
  const crowds = await gather(how, port, clients)
  await server.ask("speak", { from: 1, perSecond: PER_SECOND })
  await sleep(CALM_MS)

  const [before, usage] = [await server.ask("counters"), await server.ask("usage")]
  await server.ask("watch")
  await Promise.all(crowds.map((crowd) => crowd.ask("cut")))
  // Whoever hears this, or what comes after it, is back and was given what it had missed.
  await server.ask("sayAround")
  await eventually(async () => (await resumedOf(crowds)) === clients, returnMs)
  const [loop, later, after] = [await server.ask("loopDelay"), await server.ask("usage"), await server.ask("counters")]

  await sleep(CALM_MS)
  await server.ask("hush")
  await sleep(CALM_MS)
  const returned = await Promise.all(crowds.map((crowd) => crowd.ask("returned")))
  const judged = await Promise.all(crowds.map((crowd) => crowd.ask("judge", { said })))
  await Promise.all(crowds.map((crowd) => crowd.stop()))
  await server.stop()
  return {
    resumed: returned.flatMap(({ resumed }) => resumed),
    first: returned.flatMap(({ attempts }) => attempts),
    retries: returned.flatMap(({ retries }) => retries),
    ends: sumOf(returned.map(({ ends }) => ends)),
    loop,
    cpuSeconds: later.cpuSeconds - usage.cpuSeconds,
    counted: difference(before, after),
    verdict: together(judged.map(({ verdict }) => verdict)),
    gaps: judged.reduce((sum, { gaps }) => sum + gaps, 0),
  }
}

async function gather(how: How, port: number, clients: number): Promise<readonly Child<CrowdQuestions>[]> {
  const crowds: Child<CrowdQuestions>[] = []
  for (let first = 0; first < clients; first += PER_PROCESS) {
    // On every core, because a crowd is slower than the server that it comes back to; with room for its young objects.
    const crowd = await startChild<CrowdQuestions>(new URL("../loads/crowd.js", import.meta.url), {
      nodeFlags: ["--max-semi-space-size=64"],
    })
    crowds.push(crowd)
    await crowd.ask("open", { port, first, count: Math.min(PER_PROCESS, clients - first), rooms: ROOMS })
    how.note(`${Math.min(first + PER_PROCESS, clients).toLocaleString("en")} clients are connected`)
  }
  return crowds
}

async function resumedOf(crowds: readonly Child<CrowdQuestions>[]): Promise<number> {
  const progress = await Promise.all(crowds.map((crowd) => crowd.ask("progress")))
  return progress.reduce((sum, { resumed }) => sum + resumed, 0)
}

type Counts = Readonly<Record<string, number>>

function sumOf(counts: readonly Counts[]): Counts {
  const sum: Record<string, number> = {}
  for (const each of counts) for (const [key, value] of Object.entries(each)) sum[key] = (sum[key] ?? 0) + value
  return sum
}

function difference(before: Counts, after: Counts): Counts {
  return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]))
}
