import { type SeededRandom, seededRandom } from "@magpie/testing"

/** One thing that goes wrong, so many milliseconds after the run began. */
export type Fault =
  /** The client's link is reset, both ways. */
  | { readonly kind: "reset"; readonly atMs: number; readonly client: number }
  /** Nothing passes for a while, then everything does. */
  | { readonly kind: "stall"; readonly atMs: number; readonly client: number; readonly forMs: number }
  /** The next bytes each way travel one by one. */
  | { readonly kind: "single-bytes"; readonly atMs: number; readonly client: number; readonly bytes: number }
  /** The link is dead for good, and nobody is told. */
  | { readonly kind: "black-hole"; readonly atMs: number; readonly client: number }
  /** The server dies by SIGKILL and is started again on its data. */
  | { readonly kind: "kill"; readonly atMs: number; readonly forMs: number }
  /** The server stands still (SIGSTOP), then goes on. */
  | { readonly kind: "pause"; readonly atMs: number; readonly forMs: number }

export type FaultKind = Fault["kind"]

export interface PlanOptions {
  readonly seed: string
  readonly clients: number
  readonly ms: number
}

/** How many a second, on average. The server's are fewer, and there is at least one of each. */
const PER_SECOND: Readonly<Record<FaultKind, number>> = {
  reset: 10,
  stall: 2,
  "single-bytes": 2,
  "black-hole": 0.5,
  kill: 1 / 6,
  pause: 1 / 6,
}

/** Stalls that outlast heartbeats and greetings. */
const LONG_STALLS = 0.1

/** The same for the same seed; each kind draws from a stream of its own, so that none moves when another changes. */
export function planFaults({ seed, clients, ms }: PlanOptions): readonly Fault[] {
  const all = Object.keys(PER_SECOND).flatMap((name) => {
    const kind = name as FaultKind
    const random = seededRandom(`${seed}/faults/${kind}`)
    const count = Math.max(1, Math.round((PER_SECOND[kind] * ms) / 1_000))
    // One in each slot of time, anywhere in it: spread, but not regular.
    return Array.from({ length: count }, (_, slot) => draw(kind, Math.floor(((slot + random.float()) * ms) / count), clients, random))
  })
  return all.sort((a, b) => a.atMs - b.atMs)
}

function draw(kind: FaultKind, atMs: number, clients: number, random: SeededRandom): Fault {
  const client = random.integer(0, clients - 1)
  switch (kind) {
    case "reset":
    case "black-hole":
      return { kind, atMs, client }
    case "stall":
      return { kind, atMs, client, forMs: random.float() < LONG_STALLS ? random.integer(3_000, 8_000) : random.integer(50, 1_500) }
    case "single-bytes":
      return { kind, atMs, client, bytes: random.integer(100, 2_000) }
    case "kill":
      return { kind, atMs, forMs: random.integer(50, 1_000) }
    case "pause":
      return { kind, atMs, forMs: random.integer(300, 2_000) }
  }
}

/** The plan as people read it: a line for each second. */
export function describePlan(plan: readonly Fault[]): string {
  const seconds = new Map<number, string[]>()
  for (const fault of plan) {
    const second = Math.floor(fault.atMs / 1_000)
    seconds.set(second, [...(seconds.get(second) ?? []), describe(fault)])
  }
  return [...seconds].map(([second, faults]) => `${String(second).padStart(4)} s  ${faults.join(" · ")}`).join("\n")
}

function describe(fault: Fault): string {
  const what = "client" in fault ? `${fault.kind} ${fault.client}` : `${fault.kind} server`
  if ("forMs" in fault) return `${what} (${fault.forMs} ms)`
  return "bytes" in fault ? `${what} (${fault.bytes} bytes)` : what
}

/** How many of each kind. */
export function countByKind(faults: readonly Fault[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { kind } of faults) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
