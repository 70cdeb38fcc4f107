import { BROADCAST } from "../simulated-app.ts"
import { Violation } from "./violation.ts"

/**
 * What a server does whose event loop lags: it sheds in the order that was promised and only from the lag that was promised,
 * and of a broadcast it tells each of its links exactly how many messages that link did not get, in their place [G6].
 */
export interface OverloadTruth {
  /** A server says what it sheds from now on. */
  sheds(node: string, what: readonly string[]): void
  /** A server has taken a message of the broadcast, and gives it to those who follow, or counts it. */
  passedOn(node: string, id: string): void
  /** A server has taken a link. What is returned hears what the server writes to it. */
  accepted(node: string): (frame: () => string) => void
}

export interface OverloadTruthOptions {
  /** How late the event loop of a server is, in milliseconds. */
  lagMs(node: string): number
  /** From which lag each of these is shed, the first first. */
  readonly order: readonly (readonly [what: string, fromLagMs: number])[]
  reached(what: string): void
}

interface Line {
  readonly type: string
  readonly channel?: string
  readonly data?: { readonly id: string }
  readonly skipped?: number
}

export function createOverloadTruth({ lagMs, order, reached }: OverloadTruthOptions): OverloadTruth {
  const shedBy = new Map<string, number>()
  /** By server: which of its broadcast messages is the how manieth. */
  const numbers = new Map<string, Map<string, number>>()

  function numbersOf(node: string): Map<string, number> {
    const known = numbers.get(node) ?? new Map<string, number>()
    numbers.set(node, known)
    return known
  }

  return {
    sheds(node, what) {
      const promised = order.slice(0, what.length)
      if (promised.some(([name], index) => name !== what[index])) throw new Violation("I18", `${node} sheds ${what.join(", ")}`)
      const [last, fromLagMs = 0] = promised.at(-1) ?? []
      if (what.length > (shedBy.get(node) ?? 0) && lagMs(node) < fromLagMs)
        throw new Violation("I18", `${node} sheds ${last} at a lag of ${lagMs(node)} ms`)
      shedBy.set(node, what.length)
      reached(`shed-${last ?? "nothing-more"}`)
    },
    passedOn(node, id) {
      const its = numbersOf(node)
      if (!its.has(id)) its.set(id, its.size + 1)
    },
    accepted(node) {
      const its = numbersOf(node)
      /** The last that this link was given; undefined until it is given one. */
      let last: number | undefined
      let skipped = 0

      function read({ type, data, skipped: more = 0 }: Line): void {
        if (type === "subscribed" || type === "unsubscribed") last = undefined
        if (type === "gap") {
          skipped += more
          reached("broadcasts-skipped")
        }
        const number = type === "message" && data !== undefined ? its.get(data.id) : undefined
        if (number === undefined) return
        if (last !== undefined && number !== last + skipped + 1)
          throw new Violation("I18", `${node} gave broadcast ${number} after ${last}, and said that ${skipped} were skipped`)
        last = number
        skipped = 0
      }

      return (frame) => {
        for (const text of frame().split("\n")) {
          if (!text.includes(`"channel":"${BROADCAST}"`)) continue
          const line = JSON.parse(text) as Line
          if (line.channel === BROADCAST) read(line)
        }
      }
    },
  }
}
