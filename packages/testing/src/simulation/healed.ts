import type { DurableLog } from "@magpie/journal"
import { openCommands } from "./healed-commands.ts"
import { checkNotes, untrueNotes } from "./healed-notes.ts"
import { untrueRows } from "./healed-rows.ts"
import { heldMessages } from "./held-messages.ts"
import { checkPublishersOrder } from "./judge/log-truth.ts"
import { textOf } from "./judge/presence-truth.ts"
import { Violation } from "./judge/violation.ts"
import { SCORES } from "./scoreboard.ts"
import { type Payload, STREAMS } from "./simulated-app.ts"
import type { World } from "./world.ts"

interface Unhealed {
  readonly invariant: string
  readonly what: string
}

/** What is not whole yet, after the last fault; undefined when everything is. */
export function notYetHealed(world: World): Unhealed | undefined {
  const leaving = world.nodes.find((node) => node.leaving)
  if (leaving !== undefined) return { invariant: "I24", what: `${leaving.name} has not ended its drain` }
  const what = unfinished(world)
  if (what !== undefined) return { invariant: "I22", what }
  const presence = untruePresence(world)
  if (presence !== undefined) return { invariant: "I20", what: presence }
  const notes = untrueNotes(world)
  if (notes !== undefined) return { invariant: "I26", what: notes }
  const rows = untrueRows(world)
  if (rows !== undefined) return { invariant: "I27", what: rows }
  const commands = openCommands(world)
  if (commands !== undefined) return { invariant: "I17", what: commands }
  const left = leftBehind(world)
  return left === undefined ? undefined : { invariant: "I22", what: left }
}

/** Who is not there yet, or waits for something. */
function unfinished({ nodes, clients, judge, broker }: World): string | undefined {
  for (const { name, core, log, fenced } of nodes) {
    if (core === undefined || log === undefined || fenced) return `${name} is ${fenced ? "fenced" : "down"}`
    if (!broker.isReady(log)) return `${name} builds its log anew`
  }
  for (const each of clients) {
    const { name, client } = each
    if (client.status.state !== "online") return `${name} is ${client.status.state}`
    if (client.statistics.pending > 0) return `${client.statistics.pending} sends of ${name} are pending`
    for (const channel of STREAMS) {
      const state = each.subscriptionTo(channel)
      if (state !== "live" && state !== "idle") return `${name} on ${channel} is ${state}`
    }
  }
  if (judge.publishes.pending > 0) return `${judge.publishes.pending} publishes have no outcome`
  for (const channel of STREAMS) {
    const places = new Set(nodes.map(({ log }) => JSON.stringify(log?.newest(channel))))
    if (places.size > 1) return `nodes lag on ${channel}: ${[...places]}`
    const newest = nodes[0]?.log?.newest(channel)
    for (const { publisher } of clients) {
      const { next } = judge.following(publisher, channel)
      const level = next === undefined || (next.epoch === newest?.epoch && next.offset === newest.offset + 1)
      if (!level) return `${publisher} has not everything of ${channel} that it is owed`
    }
  }
  const keeper = clients.find(({ hasLeftovers }) => hasLeftovers)
  return keeper && `an earlier page of ${keeper.name} has left sends on its disk`
}

/** What should be gone, and is there. */
function leftBehind({ nodes, clients }: World): string | undefined {
  for (const each of clients) {
    const left = STREAMS.find((channel) => each.subscriptionTo(channel) !== "live" && isServed(nodes, each.name, channel))
    if (left !== undefined) return `${each.name} is still given ${left}, which it left`
  }
  const open = nodes.reduce((sum, { core }) => sum + (core?.connections.size ?? 0), 0)
  return open === clients.length ? undefined : `${open} connections are open for ${clients.length} clients`
}

/** Whose view of who is present is not the truth; undefined when nobody's is [I20]. */
function untruePresence({ clients, judge }: World): string | undefined {
  const expected = judge.presence.expected().join()
  for (const { name, hall } of clients) {
    const seen = hall?.map(({ state }) => textOf(state)).sort()
    if (seen?.join() !== expected) return `${name} sees ${seen} where ${expected} are present`
  }
  return undefined
}

function isServed(nodes: World["nodes"], user: string, channel: string): boolean {
  return nodes.some(({ core }) => core?.connections.ofUser(user).some(({ channels }) => channels.includes(channel)))
}

/** At the end: nobody waits, every log holds what was acknowledged, and everybody saw the same. */
export function checkHealed(world: World): void {
  const missing = notYetHealed(world)
  if (missing !== undefined) throw new Violation(missing.invariant, `not whole again: ${missing.what}`)
  const { judge, nodes, broker } = world
  for (const { name, log } of nodes) if (log !== undefined) for (const channel of STREAMS) checkLog(world, name, log, channel)
  checkNotes(world)
  for (const { name, log } of nodes)
    if (log !== undefined) {
      judge.scores.check(name, log, SCORES)
      judge.commands.check(name, log)
    }
  judge.truth.checkOrder((id) => mayLandLate(judge, id))
  checkStates(nodes.flatMap(({ log }) => (log === undefined ? [] : broker.states(log))))
}

/** What a log holds is one run up to its newest place, in each publisher's order, and nothing acknowledged is missing in it [G1, G3]. */
function checkLog({ judge }: World, node: string, log: DurableLog, channel: string): void {
  const { epoch, offset: newest } = log.newest(channel)
  const { publications } = heldMessages(log, channel)
  let expected = newest - publications.length + 1
  const idAt = new Map<number, string>()
  for (const { offset, data } of publications) {
    if (offset !== expected) throw new Violation("I13", `${node} holds ${offset} of ${channel} where ${expected} belongs`)
    const { id } = JSON.parse(data) as Payload
    judge.truth.saw(node, channel, { epoch, offset: expected }, id)
    if (!mayLandLate(judge, id)) idAt.set(expected, id)
    expected++
  }
  checkPublishersOrder(`${node}: ${channel} ${epoch}`, idAt)
  const oldest = newest - publications.length + 1
  for (const { id, channel: its, outcome } of judge.publishes) {
    if (its !== channel || outcome.result !== "stored" || outcome.position.epoch !== epoch || outcome.position.offset < oldest) continue
    if (idAt.get(outcome.position.offset) !== id) {
      throw new Violation("I1", `${id} was acknowledged at ${channel} ${outcome.position.offset} and ${node} does not hold it`)
    }
  }
}

/** After a loss numbers are given anew, and an append whose sender had been told that its outcome is unknown may fit again. */
function mayLandLate(judge: World["judge"], id: string): boolean {
  return judge.wasSetBack && judge.publishes.find(id)?.outcome.result === "unknown"
}

/** Nodes that are at one position of the log are in one state. */
function checkStates(states: readonly string[]): void {
  const hashAt = new Map<string, string>()
  for (const state of states) {
    const [place = "", hash = ""] = state.split(" ")
    const other = hashAt.get(place)
    if (other !== undefined && other !== hash) throw new Violation("I14", `two nodes are in different states at ${place}`)
    hashAt.set(place, hash)
  }
}
