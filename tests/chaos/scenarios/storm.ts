import { DEFAULT_LIMITS } from "@magpie/protocol"
import { refuseFewFiles } from "../files.ts"
import { isCleanVerdict } from "../judge.ts"
import { quantile } from "../quantile.ts"
import type { Figure, How, Outcome, Scenario } from "../scenario.ts"
import { SLOT_MS, wavesOf } from "../waves.ts"
import { cutAndWait, type Returned } from "./storm-run.ts"

const CLIENTS = 10_000
const RETURN_MS = 60_000
const OWED = { resumedP99Ms: 10_000, loopP99Ms: 50 }

/** Everybody's link is cut in one moment, and everybody comes back [F79]. */
export const storm: Scenario = {
  name: "storm",
  title: "clients whose links are cut in one moment",
  limitMs: ({ size = CLIENTS }) => 120_000 + RETURN_MS + size * 20,
  async run(how) {
    const clients = how.size ?? CLIENTS
    refuseFewFiles(clients)
    return outcome(how, clients, await cutAndWait(how, clients, RETURN_MS))
  },
}

function outcome({ seed, note }: How, clients: number, returned: Returned): Outcome {
  const { resumed, first, retries, ends, loop, cpuSeconds, counted, verdict, gaps } = returned
  const waves = wavesOf({ first, retries }, DEFAULT_LIMITS.handshakesPerSecond)
  note(`attempts a second, in slots of ${SLOT_MS} ms: ${waves.perSecond.join(" ")}`)
  note(`ends of links: ${listed(ends)}; the server computed for ${cpuSeconds.toFixed(1)} s and counted: ${listed(counted)}`)
  const times = { p50: quantile(resumed, 0.5), p99: quantile(resumed, 0.99), max: quantile(resumed, 1) }
  const missed = verdict.subscribers.lost
  const broken: string[] = []
  if (resumed.length < clients) broken.push(`${clients - resumed.length} clients were not back after ${RETURN_MS / 1_000} s`)
  if (!isCleanVerdict(verdict)) broken.push(`a message was lost, doubled, reordered or invented: ${verdict.examples.join("; ")}`)
  if (gaps > 0) broken.push(`${gaps} gaps were told, where nothing had left history`)
  const figure = (name: string, value: number, unit: string, owed?: number): Figure => ({
    name: `chaos/storm${name}`,
    value,
    unit,
    ...(owed === undefined ? {} : { owed }),
  })
  return {
    figures: [
      figure("", clients, "clients"),
      figure("/resumed", resumed.length, "clients"),
      figure("/resumed-p50", times.p50, "ms"),
      figure("/resumed-p99", times.p99, "ms", OWED.resumedP99Ms),
      figure("/resumed-max", times.max, "ms"),
      figure("/loop-p99", loop.p99, "ms", OWED.loopP99Ms),
      figure("/loop-max", loop.max, "ms"),
      figure("/attempts", first.length + retries.length, "attempts"),
      figure("/first-attempts-peak", waves.firstPeak, "/ s"),
      figure("/retries-peak", waves.retryPeak, "/ s"),
      figure("/second-wave", waves.secondWave ? 1 : 0, "waves", 0),
      figure("/missed", missed, "messages", 0),
    ],
    broken,
    record: {
      seed,
      clients,
      resumed: resumed.length,
      resumedMs: times,
      loopMs: loop,
      attempts: first.length + retries.length,
      waves,
      messages: verdict.words,
      ...verdict.subscribers,
    },
  }
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${what} ${count.toLocaleString("en")}`)
    .join(", ")
}
