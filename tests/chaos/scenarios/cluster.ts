import { BROKERS } from "../cluster/brokers.ts"
import { describeFault, planCluster } from "../cluster/cluster-plan.ts"
import { isCleanVerdict, NONE } from "../judge.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { serviceOf } from "../services.ts"
import { type ClusterPlayed, playCluster } from "./cluster-run.ts"

const CLIENTS = 40
const ROOMS = 10
const PER_SECOND = { quick: 200, full: 2_000 }

/** Three nodes over each broker in turn, clients behind NGINX: nodes die, links to the broker are cut, the broker dies, all are restarted. */
export const cluster: Scenario = {
  name: "cluster",
  title: "three nodes over a broker, behind NGINX, while nodes, links and the broker fail",
  limitMs: () => 600_000 * Object.keys(BROKERS).length,
  async run(how) {
    const { seed, quick, note, random, directory } = how
    const clients = how.size ?? CLIENTS
    const perSecond = quick ? PER_SECOND.quick : PER_SECOND.full
    const plan = planCluster(seed, quick)
    note(`fault plan of seed ${seed}, the same for all: ${plan.map(describeFault).join(" · ")}`)
    const results = new Map<string, ClusterPlayed>()
    for (const broker of await brokersHere(how)) {
      note(`${BROKERS[broker]?.title}:`)
      const played = await playCluster({ broker, plan, clients, rooms: ROOMS, perSecond, random: random.fork(broker), directory, note })
      results.set(broker, played)
      for (const example of played.verdict.examples) note(`  ${example}`)
    }
    return outcome({ seed, clients, perSecond, nodes: 3 }, results)
  },
}

/** Those that are installed; a sentence for each that is not. */
async function brokersHere({ only, note }: How): Promise<readonly string[]> {
  const front = (await serviceOf("nginx")).missing()
  if (front !== undefined) throw new Error(front)
  const here: string[] = []
  for (const name of Object.keys(BROKERS).filter((broker) => only === undefined || broker === only)) {
    const missing = (await serviceOf(name)).missing()
    if (missing === undefined) here.push(name)
    else note(missing)
  }
  if (here.length === 0) throw new Error("no broker is installed: npm run services -- up --install")
  return here
}

function outcome(size: Readonly<Record<string, unknown>>, results: ReadonlyMap<string, ClusterPlayed>): Outcome {
  return {
    figures: [...results].flatMap(([broker, played]) => figuresOf(broker, played)),
    table: [HEAD, ...[...results].map(([broker, played]) => row(BROKERS[broker]?.title ?? broker, played))],
    broken: [...results].flatMap(([broker, played]) => brokenPromises(BROKERS[broker]?.title ?? broker, played)),
    record: { ...size, brokers: Object.fromEntries([...results].map(([broker, played]) => [broker, recordOf(played)])) },
  }
}

function brokenPromises(title: string, { verdict, settled, gaps, crashes, refusals, struck }: ClusterPlayed): readonly string[] {
  return [
    ...(isCleanVerdict(verdict) ? [] : [`over ${title} a message was lost, doubled, reordered or invented`]),
    ...(settled ? [] : [`over ${title} the clients did not come to rest after the faults had ended`]),
    ...(gaps === 0 ? [] : [`over ${title} clients were told of ${gaps} gaps, where the broker had lost nothing`]),
    ...crashes.map(({ message }) => `over ${title} a node ended by itself: ${message}`),
    ...refusals.slice(0, 1).map((first) => `over ${title} ${refusals.length} messages were refused for good: ${first}`),
    ...(struck.length > 0 ? [] : [`over ${title} no fault struck`]),
  ]
}

const HEAD = ["", "messages", "acknowledged a second", "deliveries owed", "lost", "doubled", "reordered", "longest wait", "faults"]

function row(title: string, { verdict, acceptedPerSecond, longestWaitMs, struck }: ClusterPlayed): string[] {
  const count = (value: number): string => Math.round(value).toLocaleString("en")
  const { subscribers, store = NONE } = verdict
  const both = (what: "lost" | "doubled" | "reordered"): string => count(subscribers[what] + store[what])
  return [
    title,
    count(verdict.words),
    count(acceptedPerSecond),
    count(verdict.owed),
    both("lost"),
    both("doubled"),
    both("reordered"),
    `${(longestWaitMs / 1_000).toFixed(1)} s`,
    count(struck.length),
  ]
}

function recordOf({ verdict, struck, acceptedPerSecond, longestWaitMs, gaps, settled, seconds }: ClusterPlayed): object {
  const { examples: _, ...counts } = verdict
  return { ...counts, acceptedPerSecond, longestWaitMs, gaps, settled, seconds, faults: struck.map(describeFault) }
}

function figuresOf(broker: string, { verdict, acceptedPerSecond, longestWaitMs }: ClusterPlayed): readonly Figure[] {
  const { subscribers, store = NONE } = verdict
  const name = (what: string): string => `chaos/cluster/${broker}/${what}`
  return [
    { name: name("lost"), value: subscribers.lost + store.lost, unit: "messages", owed: 0 },
    { name: name("doubled"), value: subscribers.doubled + store.doubled, unit: "messages", owed: 0 },
    { name: name("reordered"), value: subscribers.reordered + store.reordered, unit: "messages", owed: 0 },
    { name: name("acknowledged"), value: acceptedPerSecond, unit: "publishes / s" },
    { name: name("longest-wait"), value: longestWaitMs, unit: "ms" },
  ]
}
