import type { DurableLog } from "@magpie/journal"
import type { Position, Publication } from "@magpie/protocol"
import { heldMessages } from "../held-messages.ts"
import { STREAMS } from "../simulated-app.ts"
import { Violation } from "./violation.ts"

/**
 * What survives a crash is a run from the first: where a message is still there, so is everything that was acknowledged and
 * stands before it in its partition [I12]. What stands before what is learnt from each node's own order of applying; a mark
 * names a message together with everything before it in its channel, so a message that comes again elsewhere is another one.
 */
export interface Durability {
  /** A node has applied these right behind what it applied before. */
  applied(node: string, publications: readonly Publication[]): void
  acknowledged(channel: string, position: Position): void
  /** A node has come back with this log. Fails where an acknowledged message is missing in it in front of one that is there. */
  reopened(node: string, log: DurableLog): void
  /** A broker lost its newest entries, and what is tried again may stand in its old place: nothing more is judged. */
  stop(): void
}

interface Stored {
  readonly channel: string
  readonly offset: number
  readonly mark: string
  readonly before: readonly Stored[]
  acknowledged: boolean
}

interface Content {
  /** The newest message of each channel. */
  readonly ends: readonly Stored[]
  readonly held: ReadonlyMap<string, Held>
  readonly holes: readonly string[]
}

interface Held {
  /** Everything in front of it has left history. */
  readonly oldest: number
  readonly marks: ReadonlyMap<number, string>
}

export function createDurability(partitionOf: (channel: string) => number): Durability {
  const known = new Map<string, Stored>()
  /** What a node applied last, by node and partition: several, where it has come back with as many channels. */
  const latest = new Map<string, readonly Stored[]>()
  let stopped = false

  const keyOf = (channel: string, offset: number, mark: string): string => `${channel} ${offset} ${mark}`
  const placeOf = (node: string, channel: string): string => `${node} ${partitionOf(channel)}`

  function store(channel: string, { offset = 0, mark = "" }: Pick<Publication, "offset" | "mark">, before: readonly Stored[]): Stored {
    const key = keyOf(channel, offset, mark)
    const stored = known.get(key) ?? { channel, offset, mark, before, acknowledged: false }
    known.set(key, stored)
    return stored
  }

  function contentOf(log: DurableLog): Content {
    const ends: Stored[] = []
    const holes: string[] = []
    const held = new Map<string, Held>()
    for (const channel of STREAMS) {
      const { publications, more } = heldMessages(log, channel)
      const first = log.newest(channel).offset - publications.length + 1
      // What is missing in front of others has not left history: that would have taken everything before it too.
      const oldest = more ? first - 1 : first
      if (more) holes.push(`${channel} at ${oldest}`)
      const marks = new Map(publications.map(({ offset = 0, mark = "" }) => [offset, mark]))
      held.set(channel, { oldest, marks })
      let before: readonly Stored[] = []
      for (const publication of publications) before = [store(channel, publication, before)]
      ends.push(...before)
    }
    return { ends, held, holes }
  }

  function isMissing({ channel, offset, mark, acknowledged }: Stored, held: ReadonlyMap<string, Held>): boolean {
    const { oldest = 1, marks } = held.get(channel) ?? {}
    return acknowledged && offset >= oldest && marks?.get(offset) !== mark
  }

  function check(node: string, end: Stored, held: ReadonlyMap<string, Held>, seen: Set<Stored>): void {
    const waiting = [end]
    for (let stored = waiting.pop(); stored !== undefined; stored = waiting.pop()) {
      if (seen.has(stored)) continue
      seen.add(stored)
      if (isMissing(stored, held)) {
        const lost = `${stored.channel} ${stored.offset}`
        throw new Violation("I12", `${node} came back with ${end.channel} ${end.offset} and without ${lost}, acknowledged and before it`)
      }
      waiting.push(...stored.before)
    }
  }

  return {
    applied(node, publications) {
      if (stopped) return
      for (const publication of publications) {
        const { channel } = publication
        const place = placeOf(node, channel)
        latest.set(place, [store(channel, publication, latest.get(place) ?? [])])
      }
    },
    acknowledged(channel, { offset, mark = "" }) {
      const stored = known.get(keyOf(channel, offset, mark))
      if (stored !== undefined) stored.acknowledged = true
    },
    reopened(node, log) {
      if (stopped) return
      const { ends, held, holes } = contentOf(log)
      const seen = new Set<Stored>()
      for (const channel of STREAMS) latest.delete(placeOf(node, channel))
      for (const end of ends) {
        check(node, end, held, seen)
        const place = placeOf(node, end.channel)
        latest.set(place, [...(latest.get(place) ?? []), end])
      }
      if (holes.length > 0) throw new Violation("I13", `${node} came back with a hole in ${holes}`)
    },
    stop() {
      stopped = true
      known.clear()
      latest.clear()
    },
  }
}
