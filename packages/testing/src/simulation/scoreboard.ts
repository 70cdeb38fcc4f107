import type { Client } from "@magpie/client"
import { type Table, table } from "@magpie/client/table"
import { type KindOf, toMagpieError } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import { type Score, type SimulatedApp, TABLE } from "./simulated-app.ts"

type Scores = KindOf<SimulatedApp, "board/:room">

/** What a user writes into a table, and what it has on its screen of it. */
export interface Scoreboard {
  /** Something of what a user does, as `move` says. */
  act(move: number): void
  /** Whether it is told of that row. */
  follows(key: string): boolean
  readonly table: Table<Scores>
}

const KEYS = ["ann", "bob", "cid", "dot"]
/** Nothing but `update` writes these. */
const COUNTED = ["counted-1", "counted-2"]
/** Every row that somebody writes. */
export const SCORES: readonly string[] = [...KEYS, ...COUNTED]

/** Writes that one has under way at most: at the lowest rate, many who count up one row at once would never be through. */
const MOST_WAITING = 2

interface Choice {
  readonly keys?: readonly string[]
  readonly prefix?: string
  readonly rate?: number
  readonly maxBytesPerSecond?: number
}

/** Everybody follows something else: all of it, some rows, or at a rate. */
const CHOICES: readonly Choice[] = [
  {},
  { keys: ["ann", "bob", "counted-1"] },
  { rate: 2 },
  { prefix: "c", rate: 5 },
  { maxBytesPerSecond: 200 },
]

export function createScoreboard(client: Client<SimulatedApp>, publisher: string, judge: Judge): Scoreboard {
  const choice = CHOICES[Number.parseInt(publisher.slice(1), 10) % CHOICES.length] ?? {}
  const { keys, prefix = "" } = choice
  const its: Table<Scores> = table(client.channel(TABLE), choice)
  const scores = judge.scores.screen(publisher)
  let written = 0
  let waiting = 0

  its.on("state", ({ state }) => scores.state(state))
  its.on("change", (change) => scores.shown(change, its.rows))

  async function write(key: string, make: (id: string) => Promise<{ readonly position: { readonly offset: number } }>) {
    const id = messageId(publisher, ++written)
    waiting++
    try {
      const { position } = await make(id)
      judge.scores.written(key, id, position.offset)
    } catch (failure) {
      judge.scores.failed(publisher, toMagpieError(failure))
    } finally {
      waiting--
    }
  }

  async function count(key: string): Promise<void> {
    const id = messageId(publisher, ++written)
    judge.scores.counting(key)
    waiting++
    try {
      await its.update(key, (score) => ({ id, count: (score?.count ?? 0) + 1 }))
      judge.scores.counted(key)
    } catch (failure) {
      judge.scores.failed(publisher, toMagpieError(failure))
    } finally {
      waiting--
    }
  }

  return {
    table: its,
    follows: (key) => keys?.includes(key) !== false && key.startsWith(prefix),
    act(move) {
      if (waiting >= MOST_WAITING) return
      const kind = move % 10
      const rest = Math.floor(move / 10)
      const key = KEYS[rest % KEYS.length] ?? "ann"
      const seen = its.rows.get(key)
      if (kind < 3) void count(COUNTED[rest % COUNTED.length] ?? "")
      else if (kind === 3) void write(key, () => its.delete(key))
      else if (kind < 6) void write(key, (id) => its.merge(key, { id }))
      else if (kind < 8) void write(key, (id) => its.set(key, scoreOf(id, move), { expected: seen?.version ?? 0 }))
      else void write(key, (id) => its.set(key, scoreOf(id, move)))
    },
  }
}

const scoreOf = (id: string, count: number): Score => ({ id, count })
