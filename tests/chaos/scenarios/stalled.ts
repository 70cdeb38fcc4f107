import { join } from "node:path"
import { isClean } from "../judge.ts"
import type { ReadersQuestions } from "../loads/readers.ts"
import { type Child, startChild } from "../process/child.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { SERVER } from "../servers/chat-server.ts"
import type { MagpieServerOptions, MagpieServerQuestions } from "../servers/magpie.ts"
import { eventually, sleep } from "../wait.ts"
import { word } from "../word.ts"

const READERS = { quick: 50, full: 200 }
const HEALTHY = 5
/** Who reads again at the end, to show that nothing was lost; the others leave. */
const RETURNING = 5
/** About 4 MB a second on each channel. */
const PER_SECOND = 2_000
const LENGTH = 1_500
const SETTLE_MS = 3_000
/** The kernel takes some megabytes for each before anything waits in the server. */
const STALLED_MS = { quick: 6_000, full: 12_000 }
const LOOK_MS = 100
const CATCH_UP_MS = 120_000
const LIMIT_BYTES = 256 * 1_024
/** Of fewer readers, the steps in which memory is taken are larger than what is held for them. */
const MANY = 100

/** Subscribers who read nothing, beside some who do, on a channel with several megabytes a second [F77] [F78]. */
export const stalled: Scenario = {
  name: "stalled",
  title: "subscribers that read nothing on a channel with several megabytes a second",
  limitMs: () => 300_000,
  async run(how) {
    const kinds = [await measure(how, "stream", "talk/flood"), await measure(how, "broadcast", "flash/flood")]
    return outcome(how, kinds)
  },
}

interface Measured {
  readonly kind: string
  readonly readers: number
  readonly megabytesPerSecond: number
  /** Bytes that the server says it holds, at most, for each that stands still. */
  readonly queuedBytes: number
  /** Growth of the server's own memory while they do not read. */
  readonly heapBytes: number
  readonly ownBytes: number
  readonly latencyMs: { readonly before: number; readonly during: number }
  /** Messages that those who read, and those who did again, were told that they will not get; a busy machine is slow to read, too. */
  readonly skipped: { readonly healthy: number; readonly stalled: number }
  readonly broken: readonly string[]
}

async function measure(how: How, kind: string, channel: string): Promise<Measured> {
  const readers = how.size ?? (how.quick ? READERS.quick : READERS.full)
  const server = await startChild<MagpieServerQuestions>(new URL("../servers/magpie.js", import.meta.url), {
    core: "server",
    nodeFlags: ["--expose-gc"],
    args: [JSON.stringify({ directory: join(how.directory, kind) } satisfies MagpieServerOptions)],
  })
  const load = await startChild<ReadersQuestions>(new URL("../loads/readers.js", import.meta.url), { core: "load" })
  const { port } = await server.ask("listen")
  await load.ask("open", { port, channel, healthy: HEALTHY, stalled: readers })
  const started = performance.now()
  await server.ask("flood", { channel, perSecond: PER_SECOND, length: LENGTH })
  await sleep(SETTLE_MS)
  const before = await server.ask("usage", { collect: true })
  const calm = await load.ask("latencyP99")
  await load.ask("stall")
  const stalledMs = how.quick ? STALLED_MS.quick : STALLED_MS.full
  const filling = await watch(server, stalledMs / 2)
  // While the kernel's buffers fill, those who stop cost as much as those who read.
  await load.ask("latencyP99")
  const full = await watch(server, stalledMs / 2)
  const after = await server.ask("usage", { collect: true })
  const busy = await load.ask("latencyP99")
  const said = await server.ask("ebb")
  const seconds = (performance.now() - started) / 1_000
  await load.ask("read", RETURNING)
  const broken = await settle(load, said, kind)
  const { healthy, stalled: back } = await load.ask("judge", { said })
  await load.stop()
  await server.stop()
  return {
    kind,
    readers,
    megabytesPerSecond: (said * bytesOfWord()) / seconds / 1e6,
    queuedBytes: Math.max(filling, full) / readers,
    heapBytes: after.heapBytes - before.heapBytes,
    ownBytes: after.ownBytes - before.ownBytes,
    latencyMs: { before: calm, during: busy },
    skipped: { healthy: healthy.skipped, stalled: back.skipped },
    broken,
  }
}

function bytesOfWord(): number {
  return Buffer.byteLength(JSON.stringify(word(SERVER, 1_000, LENGTH)))
}

/** The most that waited in the server at any look. */
async function watch(server: Child<MagpieServerQuestions>, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let most = 0
  while (performance.now() < until) {
    const { queuedBytes = 0 } = await server.ask("counters")
    most = Math.max(most, queuedBytes)
    await sleep(LOOK_MS)
  }
  return most
}

/** Waits until everybody has heard everything, or was told what it will not hear. */
async function settle(load: Child<ReadersQuestions>, said: number, kind: string): Promise<readonly string[]> {
  const broken: string[] = []
  const whole = await eventually(async () => (await load.ask("missing", said)) === 0, CATCH_UP_MS)
  const { healthy, stalled: back, gaps } = await load.ask("judge", { said })
  if (!whole) broken.push(`${kind}: ${healthy.lost + back.lost} messages are missing and nobody was told`)
  if (!isClean({ ...healthy, lost: 0 }) || !isClean({ ...back, lost: 0 }))
    broken.push(`${kind}: messages were doubled, reordered or invented`)
  if (kind === "stream" && gaps > 0) broken.push(`${kind}: ${gaps} gaps were told, where nothing had left history`)
  return broken
}

function outcome({ seed }: How, kinds: readonly Measured[]): Outcome {
  const figures: Figure[] = kinds.flatMap(({ kind, readers, megabytesPerSecond, queuedBytes, heapBytes, ownBytes, latencyMs, skipped }) => {
    const name = `chaos/stalled/${kind}`
    return [
      { name: `${name}/readers`, value: readers, unit: "stalled" },
      { name: `${name}/rate`, value: megabytesPerSecond, unit: "MB / s" },
      { name: `${name}/queued-each`, value: queuedBytes / 1_024, unit: "KiB", owed: LIMIT_BYTES / 1_024 },
      { name: `${name}/heap-each`, value: heapBytes / readers / 1_024, unit: "KiB", owed: LIMIT_BYTES / 1_024 },
      {
        name: `${name}/resident-each`,
        value: ownBytes / readers / 1_024,
        unit: "KiB",
        ...(readers < MANY ? {} : { owed: LIMIT_BYTES / 1_024 }),
      },
      { name: `${name}/skipped`, value: skipped.stalled, unit: "messages", peer: "healthy", peerValue: skipped.healthy },
      { name: `${name}/latency-p99`, value: latencyMs.during, unit: "ms", peer: "before", peerValue: latencyMs.before },
    ]
  })
  const over = kinds.filter(({ queuedBytes }) => queuedBytes > LIMIT_BYTES)
  return {
    figures,
    broken: [
      ...kinds.flatMap(({ broken }) => broken),
      ...over.map(({ kind }) => `${kind}: more than ${LIMIT_BYTES / 1_024} KiB were held for each connection`),
    ],
    record: { seed, kinds },
  }
}
