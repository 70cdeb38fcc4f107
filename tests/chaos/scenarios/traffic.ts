import { CONTENDERS, type ContenderName } from "../contenders/contenders.ts"
import { countByKind, describePlan, planFaults } from "../fault-plan.ts"
import { isCleanVerdict, NONE, type Verdict } from "../judge.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { type Played, play } from "./traffic-run.ts"

const CLIENTS = 40
const SECONDS = { quick: 5, full: 8 }
const QUICK: readonly ContenderName[] = ["magpie", "socket.io"]

/** A chat through hostile links and a server that dies and stands still, beside Socket.IO under the same plan. */
export const traffic: Scenario = {
  name: "traffic",
  title: `${CLIENTS} clients, 100 messages a second each way, while links and the server fail`,
  limitMs: ({ seconds = SECONDS.full }) => (seconds + 120) * 1_000 * Object.keys(CONTENDERS).length,
  async run(how) {
    const { seed, quick, note } = how
    const clients = how.size ?? CLIENTS
    const ms = (how.seconds ?? (quick ? SECONDS.quick : SECONDS.full)) * 1_000
    const plan = planFaults({ seed, clients, ms })
    note(`fault plan of seed ${seed}, the same for all:\n${describePlan(plan)}`)
    const all = quick ? QUICK : (Object.keys(CONTENDERS) as ContenderName[])
    const names = all.filter((name) => how.only === undefined || name === how.only)
    const results = new Map<ContenderName, Played>()
    for (const name of names) {
      const played = await play(name, { plan, clients, ms, directory: how.directory })
      results.set(name, played)
      note(`${CONTENDERS[name].title}: ${played.struck.length} faults struck, ${played.seconds} s`)
      for (const example of played.verdict.examples) note(`  ${CONTENDERS[name].title}: ${example}`)
    }
    return outcome(how, { clients, ms }, results)
  },
}

function outcome({ seed }: How, size: { clients: number; ms: number }, results: ReadonlyMap<ContenderName, Played>): Outcome {
  return {
    figures: figures(results),
    table: [HEAD, ...[...results].map(([name, played]) => row(CONTENDERS[name].title, played))],
    broken: brokenPromises(results.get("magpie")),
    record: { seed, ...size, contenders: Object.fromEntries([...results].map(([name, played]) => [name, recordOf(played)])) },
  }
}

/** Of Magpie alone: the others promise less. */
function brokenPromises(magpie: Played | undefined): readonly string[] {
  if (magpie === undefined) return []
  const { verdict, settled, gaps, crashes, refusals } = magpie
  return [
    ...(isCleanVerdict(verdict) ? [] : ["Magpie lost, doubled, reordered or invented a message"]),
    ...(settled ? [] : ["Magpie's clients did not come to rest after the faults had ended"]),
    ...(gaps === 0 ? [] : [`Magpie told its clients of ${gaps} gaps, where nothing had left history`]),
    ...crashes.map(({ message }) => `Magpie's server ended by itself: ${message}`),
    ...refusals.slice(0, 1).map((first) => `Magpie refused ${refusals.length} messages for good: ${first}`),
  ]
}

const HEAD = [
  "",
  "messages",
  "deliveries owed",
  "lost",
  "doubled",
  "reordered",
  "store: lost",
  "doubled",
  "reordered",
  "faults that struck",
]

function row(title: string, { verdict, struck }: Played): string[] {
  const { words, owed, subscribers, store = NONE } = verdict
  const count = (value: number): string => value.toLocaleString("en")
  return [
    title,
    count(words),
    count(owed),
    `${count(subscribers.lost)}${percent(subscribers.lost, owed)}`,
    count(subscribers.doubled),
    count(subscribers.reordered),
    count(store.lost),
    count(store.doubled),
    count(store.reordered),
    count(struck.length),
  ]
}

function percent(part: number, whole: number): string {
  return part === 0 || whole === 0 ? "" : ` (${((part / whole) * 100).toFixed(2)} %)`
}

function recordOf({ verdict, struck, seconds, gaps, settled }: Played): object {
  const { examples: _, ...counts } = verdict
  return { ...counts, faults: struck.length, faultsByKind: countByKind(struck), seconds, gaps, settled }
}

/** Magpie's count beside that of each peer. */
function figures(results: ReadonlyMap<ContenderName, Played>): Figure[] {
  const magpie = results.get("magpie")
  if (magpie === undefined) return []
  const counts: Readonly<Record<string, (verdict: Verdict) => number>> = {
    lost: ({ subscribers }) => subscribers.lost,
    doubled: ({ subscribers }) => subscribers.doubled,
    reordered: ({ subscribers }) => subscribers.reordered,
    "store/lost": ({ store = NONE }) => store.lost,
    "store/doubled": ({ store = NONE }) => store.doubled,
    "store/reordered": ({ store = NONE }) => store.reordered,
  }
  const peers = [...results].filter(([name]) => name !== "magpie")
  return Object.entries(counts).flatMap(([what, of]) =>
    peers.map(([peer, { verdict }]) => ({
      name: `chaos/traffic/${what}`,
      value: of(magpie.verdict),
      unit: "messages",
      peer,
      peerValue: of(verdict),
    })),
  )
}
