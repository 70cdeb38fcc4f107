import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { SeededRandom } from "@magpie/testing"
import { type ClusterFault, describeFault } from "../cluster/cluster-plan.ts"
import { type ClusterStage, setCluster } from "../cluster/cluster-stage.ts"
import { judge, together, type Verdict } from "../judge.ts"
import type { RoomsQuestions, Told } from "../loads/rooms.ts"
import { startChild } from "../process/child.ts"
import { rest } from "../rest.ts"
import { sleep } from "../wait.ts"

export interface ClusterPlayed extends Told {
  readonly verdict: Verdict
  /** While everybody talked; the rest was acknowledged afterwards. */
  readonly acceptedPerSecond: number
  readonly struck: readonly ClusterFault[]
  readonly crashes: readonly Error[]
  /** Nothing waited any more when the run was looked at. */
  readonly settled: boolean
  readonly seconds: number
}

export interface ClusterPlayOptions {
  readonly broker: string
  readonly plan: readonly ClusterFault[]
  readonly clients: number
  readonly rooms: number
  readonly perSecond: number
  readonly random: SeededRandom
  readonly directory: string
  note(text: string): void
}

/** Between two faults. Half of them come before the one before is mended. */
const PAUSE_MS = [500, 3_000] as const
const BEFORE_MS = 2_000
/** After the last fault: so long may the cluster take to come to rest. */
const SETTLE_MS = 120_000

/** One broker's run through the plan. */
export async function playCluster(options: ClusterPlayOptions): Promise<ClusterPlayed> {
  const { broker, clients, rooms, perSecond } = options
  const started = performance.now()
  const directory = join(options.directory, broker)
  mkdirSync(directory, { recursive: true })
  const stage = await setCluster(broker, directory)
  const load = await startChild<RoomsQuestions>(new URL("../loads/rooms.js", import.meta.url), {
    core: "load",
    env: { NODE_EXTRA_CA_CERTS: stage.certificate },
  })
  await load.ask("open", { url: stage.url, clients, rooms })
  const talking = performance.now()
  await load.ask("talk", { perSecond })
  const struck = await strike(options, stage)
  await load.ask("hush")
  const talkedMs = performance.now() - talking
  const { accepted } = await load.ask("progress")
  const settled = await rest(() => load.ask("progress"), SETTLE_MS)
  const told = await load.ask("told")
  const verdicts: Verdict[] = []
  for (let room = 0; room < rooms; room++) {
    const { sent, ...history } = await load.ask("room", room)
    verdicts.push(judge({ unknown: sent, garbled: room === 0 ? told.garbled : 0, ...history }))
  }
  await load.stop()
  await stage.end()
  return {
    ...told,
    verdict: together(verdicts),
    acceptedPerSecond: (accepted / talkedMs) * 1_000,
    struck,
    crashes: stage.crashes,
    settled,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  }
}

/** Does what the plan says. Returns what had something to hurt. */
async function strike({ plan, random, note }: ClusterPlayOptions, stage: ClusterStage): Promise<readonly ClusterFault[]> {
  const struck: ClusterFault[] = []
  await sleep(BEFORE_MS)
  for (const fault of plan) {
    if (stage.strike(fault)) struck.push(fault)
    note(`  ${describeFault(fault)}`)
    await sleep(random.integer(...PAUSE_MS))
    if (random.float() < 0.5 || fault.kind === "rolling-restart") await stage.whole()
  }
  await stage.whole()
  await sleep(BEFORE_MS)
  return struck
}
