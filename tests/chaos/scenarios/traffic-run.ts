import { CONTENDERS, type ContenderName } from "../contenders/contenders.ts"
import type { Fault } from "../fault-plan.ts"
import { judge, together, type Verdict, wordsOf } from "../judge.ts"
import type { Remembered, TalkQuestions } from "../loads/talk.ts"
import { startChild } from "../process/child.ts"
import { type Relay, startRelay } from "../relay.ts"
import { rest } from "../rest.ts"
import { DOWN, SERVER, UP } from "../servers/chat-server.ts"
import { sleep } from "../wait.ts"
import type { WordId } from "../word.ts"
import { type Stage, setStage } from "./stage.ts"

export interface Played {
  readonly verdict: Verdict
  /** The faults that had something to hurt. */
  readonly struck: readonly Fault[]
  readonly gaps: number
  /** Why messages were refused for good. */
  readonly refusals: readonly string[]
  /** How its server ended when nobody had killed it. */
  readonly crashes: readonly Error[]
  /** Nothing waited any more when the run was looked at. */
  readonly settled: boolean
  readonly seconds: number
}

export interface PlayOptions {
  readonly plan: readonly Fault[]
  readonly clients: number
  readonly ms: number
  readonly directory: string
}

const PER_SECOND = 100
/** After the last fault: so long may a contender take to come to rest. */
const SETTLE_MS = 60_000
/** Words that the server may have said last without telling. */
const UNTOLD = 1_000

/** One contender's run through the plan. */
export async function play(contender: ContenderName, { plan, clients, ms, directory }: PlayOptions): Promise<Played> {
  const started = performance.now()
  const relays = await Promise.all(Array.from({ length: clients }, () => startRelay()))
  const stage = await setStage({ contender, directory, perSecond: PER_SECOND, relays })
  const load = await startChild<TalkQuestions>(new URL("../loads/talk.js", import.meta.url), { core: "load" })
  const [door] = relays
  if (door === undefined) throw new Error("there must be a client")

  await load.ask("open", { contender, ports: relays.map(({ port }) => port) })
  await load.ask("talk", { perSecond: PER_SECOND })
  await stage.speak()
  const struck = await strike(plan, ms, stage, relays)
  await load.ask("hush")
  await stage.hush()
  const settled = await rest(() => load.ask("progress"), SETTLE_MS)

  const remembered = await load.ask("remembered")
  const stores = CONTENDERS[contender].stores
  const stored = async (channel: string): Promise<readonly WordId[]> => load.ask("stored", { port: door.port, channel })
  const verdict = verdictOf(remembered, stage, stores ? { up: await stored(UP), down: await stored(DOWN) } : { up: stage.handled })
  await load.stop()
  await Promise.all(relays.map((relay) => relay.close()))
  await stage.end()
  const { gaps, refusals } = remembered
  const { crashes } = stage
  return { verdict, struck, gaps, refusals, crashes, settled, seconds: Math.round((performance.now() - started) / 100) / 10 }
}

/** Does what the plan says when it says it. Returns what had something to hurt. */
async function strike(plan: readonly Fault[], ms: number, stage: Stage, relays: readonly Relay[]): Promise<readonly Fault[]> {
  const started = performance.now()
  const struck: Fault[] = []
  for (const fault of plan) {
    await sleep(started + fault.atMs - performance.now())
    if (apply(fault, stage, relays)) struck.push(fault)
  }
  await sleep(started + ms - performance.now())
  await stage.up()
  return struck
}

function apply(fault: Fault, stage: Stage, relays: readonly Relay[]): boolean {
  if (fault.kind === "kill") return stage.kill(fault.forMs)
  if (fault.kind === "pause") return stage.pause(fault.forMs)
  const relay = relays[fault.client]
  switch (fault.kind) {
    case "reset":
      return relay?.reset() ?? false
    case "stall":
      return relay?.stall(fault.forMs) ?? false
    case "single-bytes":
      return relay?.singleBytes(fault.bytes) ?? false
    case "black-hole":
      return relay?.blackHole() ?? false
  }
}

function verdictOf(
  { sent, accepted, heard, garbled }: Remembered,
  { spoke }: Stage,
  stored: { readonly up: readonly WordId[]; readonly down?: readonly WordId[] },
): Verdict {
  const byClient = (channel: string) => new Map((heard[channel] ?? []).map((ids, client) => [`client ${client}`, ids]))
  return together([
    judge({ accepted, unknown: sent, heard: byClient(UP), stored: stored.up, garbled }),
    judge({ accepted: spoke, unknown: wordsOf(SERVER, spoke.size + UNTOLD), heard: byClient(DOWN), stored: stored.down }),
  ])
}
