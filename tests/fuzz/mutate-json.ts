import type { SeededRandom } from "@magpie/testing"
import type { Soil } from "./mutate-text.ts"
import { HOSTILE_VALUES, HUGE_VALUES } from "./words.ts"

/** Changes the value that a text of JSON stands for, so that the text stays JSON. Other text is left as it is. */
export function reshapeJson(text: string, { random, corpus }: Soil): string {
  const value = parsed(text)
  if (typeof value !== "object" || value === null) return text
  const { holder, key } = random.pick(placesIn({ "": value }))
  const other = random.pick(placesIn({ "": parsed(random.pick(corpus)) ?? 0 }))
  switch (random.integer(0, 5)) {
    case 0:
      delete holder[key]
      break
    case 1:
      holder[random.pick(NAMES)] = hostileValue(random)
      break
    case 2:
      holder[key] = other.holder[other.key]
      break
    case 3:
      holder[key] = { [key]: holder[key] }
      break
    default:
      holder[key] = hostileValue(random)
  }
  return JSON.stringify(value)
}

const HUGE_EVERY = 100

function hostileValue(random: SeededRandom): unknown {
  return random.pick(random.integer(1, HUGE_EVERY) === 1 ? HUGE_VALUES : HOSTILE_VALUES)
}

/** Fields of the protocol, and names that mean something to an object of JavaScript. */
const NAMES = ["type", "id", "channel", "critical", "position", "data", "epoch", "offset", "toString", "constructor", "then", "x"]

interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** So many places of a value are known at most; what lies behind them is left alone. */
const MOST_PLACES = 200

function placesIn(root: Record<string, unknown>): Place[] {
  const places: Place[] = []
  const open: Record<string, unknown>[] = [root]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    for (const key of Object.keys(holder)) {
      if (places.length >= MOST_PLACES) return places
      places.push({ holder, key })
      const inner = holder[key]
      if (typeof inner === "object" && inner !== null) open.push(inner as Record<string, unknown>)
    }
  }
  return places
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
