import { isPutOut } from "../faults/access-faults.ts"
import { addressOf } from "../faults/client-faults.ts"
import type { PublishRecord } from "../judge/publishes.ts"
import { Violation } from "../judge/violation.ts"
import type { Plan } from "../plan.ts"
import { streamAt } from "../simulated-app.ts"
import type { HonestResults } from "./honest-results.ts"

/** One publish in the run with the hostile client and in the one without it. */
type Pair = readonly [beset: PublishRecord, alone: PublishRecord]

/** Streams that keep everything; what a short one holds in the end is a question of when. */
const KEPT: readonly string[] = ["chat/a", "chat/b"]
/** How much longer an acknowledgement may take, and of how many samples a mean says something. */
const SLOWDOWN = 2
const ENOUGH_SAMPLES = 50

/**
 * Fails where the results of others differ between a run with a hostile client and one without it [I19]. Only what no shift in
 * time can change is compared:
 *
 * - The same messages are published: the plan names the moments at which users act and freeze and pages reload.
 * - No message is stored in one run and refused in the other. Which are refused is written in the plan, but for users who lose
 *   a right meanwhile: whether a message comes before or behind that is a question of when.
 * - Such a message is in both logs or in neither, unless the plan has the log forget something: how much is a question of when.
 * - Each client follows the same channels in the end.
 * - Without faults an acknowledgement takes at most twice as long, on average over all. With faults the average is a matter of
 *   who waits out which fault, and is not compared.
 *
 * A message has no outcome in a run in which its page went, or the log forgot its number, before anybody was told; then only
 * that it was published is compared.
 */
export function compareResults(plan: Plan, beset: HonestResults, alone: HonestResults): void {
  const restless = restlessUsers(plan)
  const all = pairsOf(publishesOf(beset, restless), publishesOf(alone, restless))
  const mayBeRefused = rightsTaken(plan)
  const certain = all.filter((pair) => pair.every(isDefinite) && !mayBeRefused.has(`${pair[0].user} ${pair[0].channel}`))
  for (const [{ id, outcome }, other] of certain)
    if (outcome.result !== other.outcome.result) differs(`${id} was ${outcome.result}`, `it was ${other.outcome.result}`)
  if (!forgets(plan)) compareLogs(certain, beset, alone)
  const [follows, wouldFollow] = [beset, alone].map(({ followed }) => followedBy(followed, restless))
  if (follows !== wouldFollow) differs(`the clients follow ${follows} in the end`, `they follow ${wouldFollow}`)
  if (plan.faults.length === 0) compareLatency(all)
}

function differs(withIt: string, withoutIt: string): never {
  throw new Violation("I19", `with the hostile client ${withIt}, and without it ${withoutIt}`)
}

function pairsOf(beset: HonestResults["publishes"], alone: HonestResults["publishes"]): Pair[] {
  for (const id of alone.keys()) if (!beset.has(id)) differs(`${id} was never published`, "it was")
  return [...beset].map(([id, record]) => [record, alone.get(id) ?? differs(`${id} was published`, "it was not")])
}

function publishesOf({ publishes }: HonestResults, restless: ReadonlySet<string>): HonestResults["publishes"] {
  return new Map([...publishes].filter(([, { user = "" }]) => !restless.has(user)))
}

function followedBy(followed: ReadonlySet<string>, restless: ReadonlySet<string>): string {
  const others = [...followed].filter((each) => !restless.has(each.split(" ")[0] ?? ""))
  return others.sort().join(", ")
}

const isDefinite = ({ outcome }: PublishRecord): boolean => outcome.result === "stored" || outcome.result === "refused"

function compareLogs(pairs: readonly Pair[], beset: HonestResults, alone: HonestResults): void {
  for (const [{ id, channel }] of pairs) {
    if (!KEPT.includes(channel)) continue
    const [holds, wouldHold] = [beset, alone].map(({ stored }) => stored.get(channel)?.has(id) ?? false)
    if (holds !== wouldHold) differs(`the log of ${channel} ${holds ? "holds" : "lacks"} ${id}`, `it ${wouldHold ? "holds" : "lacks"} it`)
  }
}

function compareLatency(pairs: readonly Pair[]): void {
  const waits = pairs.map(([beset, alone]) => [waitOf(beset), waitOf(alone)] as const)
  const known = waits.filter((wait): wait is readonly [number, number] => wait[0] !== undefined && wait[1] !== undefined)
  if (known.length < ENOUGH_SAMPLES) return
  const [takes, wouldTake] = [mean(known.map(([beset]) => beset)), mean(known.map(([, alone]) => alone))]
  if (takes > wouldTake * SLOWDOWN) differs(`an acknowledgement takes ${takes.toFixed(1)} ms on average`, `${wouldTake.toFixed(1)} ms`)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const waitOf = ({ outcome, answeredAt, calledAt }: PublishRecord): number | undefined =>
  outcome.result === "stored" && answeredAt !== undefined ? answeredAt - calledAt : undefined

/** Users and channels, as `c0 chat/a`. */
function rightsTaken({ faults }: Plan): ReadonlySet<string> {
  const taken = faults.filter(({ kind }) => kind === "rights-taken")
  return new Set(taken.map(({ target, amount }) => `${addressOf(target)} ${streamAt(amount)}`))
}

/** Whom the plan has revoked, or whose pages leave sends behind: when the next page is opened is a question of when. */
function restlessUsers({ faults, setup }: Plan): ReadonlySet<string> {
  const users = Array.from({ length: setup.clients }, (_, index) => addressOf(index))
  const revoked = faults.filter(({ kind }) => kind === "revoked")
  const putOut = revoked.flatMap(({ target, amount }) => users.filter((user) => isPutOut(user, addressOf(target), amount)))
  return new Set([...putOut, ...users.slice(0, setup.keeping ?? 0)])
}

/** Whether what was acknowledged may be gone: an old copy of the only log is put back, or the broker loses its end. */
function forgets({ faults, setup }: Plan): boolean {
  return faults.some(({ kind }) => kind === "broker-rollback" || (kind === "old-backup" && setup.nodes === 1))
}
