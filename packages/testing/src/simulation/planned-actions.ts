import type { SeededRandom } from "../seeded-random.ts"
import type { Action, Setup } from "./plan.ts"
import { STREAMS } from "./simulated-app.ts"

/** Runs in which messages change: some grow as fast as a model writes, others are edited, deleted and reacted to. */
export const NOTES_SHARE = 0.4

const PADDINGS = [200, 2_000, 9_000]
/** A reader that stands still for seconds is owed more than may be held for it. */
const HEAVY_PADDINGS = [2_000, 9_000, 40_000]

export function actionsOf(setup: Setup, random: SeededRandom): Action[] {
  const dice = random.float()
  const paddings = dice < 0.1 ? HEAVY_PADDINGS : dice < 0.3 ? PADDINGS : []
  return Array.from({ length: setup.clients }, (_, client) => actionsOfClient(client, setup, paddings, random.fork(`client-${client}`)))
    .flat()
    .concat(Array.from({ length: setup.clients }, (_, client) => presenceActions(client, setup, random.fork(`presence-${client}`))).flat())
    .concat(hostileActions(setup, random.fork("hostile")), backendActions(setup, random.fork("backend")))
    .sort((a, b) => a.at - b.at)
}

function actionsOfClient(client: number, { durationMs }: Setup, paddings: readonly number[], random: SeededRandom): Action[] {
  const actions: Action[] = []
  const pace = random.pick([150, 300, 600])
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace) {
    const channel = random.pick(STREAMS)
    const dice = random.float()
    if (dice < 0.72) {
      const padBytes = paddings.length > 0 && random.float() < 0.4 ? random.pick(paddings) : 0
      const bursts = random.float() < 0.1 ? random.integer(2, 12) : 1
      for (let count = 0; count < bursts; count++) {
        actions.push({
          at,
          client,
          do: "publish",
          channel,
          ...(random.float() < 0.05 ? { refused: true } : {}),
          ...(padBytes > 0 ? { padBytes } : {}),
        })
      }
    } else if (dice < 0.84) actions.push({ at, client, do: "beat" })
    else if (dice < 0.9) actions.push({ at, client, do: "history", channel, limit: random.pick([1, 3, 20]) })
    else if (dice < 0.95) actions.push({ at, client, do: "leave", channel })
    else actions.push({ at, client, do: "follow", channel, ...(random.float() < 0.4 ? { last: random.integer(1, 12) } : {}) })
  }
  return actions
}

/** Whoever comes shows itself, changes that, and now and then goes away for a while. */
function presenceActions(client: number, { durationMs }: Setup, random: SeededRandom): Action[] {
  const actions: Action[] = []
  const pace = random.pick([700, 2_000, 6_000])
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace)
    actions.push({ at, client, do: random.float() < 0.8 ? "enter" : "withdraw" })
  return actions
}

/** Moves of somebody's, in some of the runs. */
export function movesOf({ clients, durationMs }: Setup, what: "note" | "row" | "command", share: number, random: SeededRandom): Action[] {
  if (random.float() >= share) return []
  const pace = random.pick([60, 200, 600])
  const actions: Action[] = []
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace)
    actions.push({ at, client: random.integer(0, clients - 1), do: what, move: random.integer(0, 999) })
  return actions
}

/** Somebody leaves all the time, also while something is on its way, and comes back. */
export function restlessActions({ clients, durationMs }: Setup, random: SeededRandom): Action[] {
  const actions: Action[] = []
  for (let at = 0; at < durationMs; at += random.float() * 500) {
    const client = random.integer(0, clients - 1)
    const channel = random.pick(STREAMS)
    actions.push({ at, client, do: "leave", channel })
    actions.push({ at: Math.min(durationMs, at + random.float() * 5_000), client, do: "follow", channel })
  }
  return actions
}

function hostileActions({ durationMs }: Setup, random: SeededRandom): Action[] {
  return Array.from({ length: 25 }, () => ({ at: random.float() * durationMs, client: 0, do: "hostile", move: random.integer(0, 999) }))
}

function backendActions({ durationMs }: Setup, random: SeededRandom): Action[] {
  return Array.from({ length: 15 }, () => ({ at: random.float() * durationMs, client: 0, do: "backend-publish" }))
}
