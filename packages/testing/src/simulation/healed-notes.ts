import type { DurableLog } from "@magpie/journal"
import { CHANGE } from "@magpie/protocol"
import { EVERYTHING, heldMessages } from "./held-messages.ts"
import { NOTES } from "./simulated-app.ts"
import type { World } from "./world.ts"

/** Whose messages are not as they are now; undefined when everybody's are [I26]. */
export function untrueNotes({ nodes, clients }: World): string | undefined {
  const [first, ...others] = nodes.map(({ log }) => (log === undefined ? new Map<number, string>() : statesIn(log)))
  if (first === undefined) return undefined
  for (const states of others) if (!isSame(states, first)) return "nodes hold notes in different states"
  for (const { name, notes } of clients) {
    if (notes === undefined) continue
    const { messages, loaded } = notes.list
    if (!loaded) return `${name} has not loaded its notes`
    const oldest = Number(messages[0]?.offset ?? Number.POSITIVE_INFINITY)
    const expected = new Map([...first].filter(([offset]) => offset >= oldest))
    const shown = new Map(messages.map(({ offset, name: what, data, changed }) => [Number(offset), stateOf(what, data, changed)]))
    for (const [offset, state] of expected)
      if (shown.get(offset) !== state) return `${name} shows note ${offset} as ${shown.get(offset)} where it is ${state}`
    // A screen may hold what has left history since.
    if (messages.length === 0 && first.size > 0) return `${name} shows no notes: ${notes.list.error?.message ?? "no error"}`
  }
  return undefined
}

/** What was appended is in the logs, once. */
export function checkNotes({ nodes, judge }: World): void {
  for (const { name, log } of nodes) {
    if (log === undefined) continue
    const { publications } = heldMessages(log, NOTES)
    judge.notes.checkTold(name, changesTold(log, Number(publications[0]?.offset ?? 1) - 1))
    const grown = publications.flatMap(({ name: what, offset = 0, data }) => {
      return what === "grow" ? [{ offset, text: (JSON.parse(data) as { readonly text: string }).text }] : []
    })
    judge.notes.check(name, log.newest(NOTES).epoch, grown)
  }
}

/** The messages of whose changes somebody is told who reads everything after an offset. */
function changesTold(log: DurableLog, offset: number): number[] {
  const { publications } = log.readAfter(NOTES, offset, EVERYTHING)
  return publications.flatMap(({ name, data }) => (name === CHANGE ? [(JSON.parse(data) as { readonly offset: number }).offset] : []))
}

function statesIn(log: DurableLog): Map<number, string> {
  return new Map(
    heldMessages(log, NOTES).publications.map(({ offset = 0, name, data, changed }) => [
      offset,
      stateOf(name, JSON.parse(data), changed && JSON.parse(changed)),
    ]),
  )
}

/** Whatever the order in which fields were written. */
function stateOf(name: string, data: unknown, changed: unknown): string {
  return JSON.stringify([name, sorted(data), sorted(changed ?? null)])
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]))
}

function isSame(one: ReadonlyMap<number, string>, other: ReadonlyMap<number, string>): boolean {
  return one.size === other.size && [...one].every(([offset, state]) => other.get(offset) === state)
}
