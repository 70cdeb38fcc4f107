import type { SeededRandom } from "@magpie/testing"
import { reshapeJson } from "./mutate-json.ts"
import { COMMON_WORDS, JSON_WORDS, NUMBERS } from "./words.ts"

/** What mutations draw from. */
export interface Soil {
  readonly random: SeededRandom
  readonly corpus: readonly string[]
  readonly words: readonly string[]
  readonly maxLength: number
}

type Operation = (text: string, soil: Soil) => string

const MOST_OPERATIONS = 4
/** One input of so many changes its meaning only, so that it gets past the parser. */
const MEANING_EVERY = 2
/** One input of so many is blown up to the longest that can come. */
const LARGE_EVERY = 600

/** A few operations on a good text; now and then one as long as the decoder may ever see. */
export function mutateText(text: string, soil: Soil): string {
  const { random } = soil
  const operations = /^[[{]/.test(text) && random.integer(1, MEANING_EVERY) === 1 ? [reshapeJson] : OPERATIONS
  let mutated = text
  for (let left = random.integer(1, MOST_OPERATIONS); left > 0; left--) mutated = random.pick(operations)(mutated, soil)
  if (random.integer(1, LARGE_EVERY) === 1) mutated = grown(mutated, soil)
  return mutated.slice(0, soil.maxLength)
}

/** A text of the greatest length, made of one piece over and over where it stood. */
export function grown(text: string, { random, maxLength, words }: Soil): string {
  const [start, end] = range(text, random, 40)
  const piece = random.pick([text.slice(start, end), random.pick(words), random.pick(COMMON_WORDS), random.pick(JSON_WORDS)]) || "["
  const room = Math.max(0, maxLength - text.length)
  return (text.slice(0, start) + piece.repeat(Math.ceil(room / piece.length)).slice(0, room) + text.slice(end)).slice(0, maxLength)
}

/** Two places in the text, the second at most so far behind the first. */
function range(text: string, random: SeededRandom, longest: number): readonly [number, number] {
  const start = random.integer(0, text.length)
  return [start, Math.min(text.length, start + random.integer(0, longest))]
}

function insert(text: string, random: SeededRandom, piece: string): string {
  const [start, end] = range(text, random, random.integer(0, 1) * 6)
  return text.slice(0, start) + piece + text.slice(end)
}

const OPERATIONS: readonly Operation[] = [
  function truncate(text, { random }) {
    const at = random.integer(0, text.length)
    return random.integer(0, 1) === 0 ? text.slice(0, at) : text.slice(at)
  },
  function remove(text, { random }) {
    const [start, end] = range(text, random, 20)
    return text.slice(0, start) + text.slice(end)
  },
  function repeat(text, { random }) {
    const [start, end] = range(text, random, 60)
    return text.slice(0, end) + text.slice(start, end).repeat(random.integer(1, 8)) + text.slice(end)
  },
  function splice(text, { random, corpus }) {
    const other = random.pick(corpus)
    const [start, end] = range(other, random, other.length)
    return insert(text, random, other.slice(start, end))
  },
  function crossOver(text, { random, corpus }) {
    const other = random.pick(corpus)
    return text.slice(0, random.integer(0, text.length)) + other.slice(random.integer(0, other.length))
  },
  (text, { random, words }) => insert(text, random, random.pick(words)),
  (text, { random }) => insert(text, random, random.pick(COMMON_WORDS)),
  (text, { random }) => insert(text, random, random.pick(JSON_WORDS)),
  (text, { random }) => insert(text, random, String.fromCharCode(random.integer(0, 0xffff))),
  function flipBit(text, { random }) {
    const at = random.integer(0, Math.max(0, text.length - 1))
    const unit = text.charCodeAt(at) ^ (1 << random.integer(0, random.pick([6, 15])))
    return text.slice(0, at) + String.fromCharCode(unit) + text.slice(at + 1)
  },
  function changeNumber(text, { random }) {
    const numbers = [...text.matchAll(/-?\d+/g)]
    if (numbers.length === 0) return text
    const { index, 0: digits } = random.pick(numbers)
    return text.slice(0, index) + random.pick(NUMBERS) + text.slice(index + digits.length)
  },
  function doubleKey(text, { random }) {
    const keys = [...text.matchAll(/"[^"\\]{0,40}":/g)]
    if (keys.length === 0) return text
    const { index, 0: key } = random.pick(keys)
    return `${text.slice(0, index)}${random.pick([key, key.replace(/[a-z]/, escaped)])}${random.pick(NUMBERS)},${text.slice(index)}`
  },
  function escapeOne(text, { random }) {
    const at = random.integer(0, Math.max(0, text.length - 1))
    return text.slice(0, at) + escaped(text.charAt(at)) + text.slice(at + 1)
  },
  function nest(text, { random }) {
    const [start, end] = range(text, random, 30)
    const depth = random.pick([1, 2, 60, 64, 65, 1_000])
    const [open, close] = random.pick([["[", "]"] as const, ['{"a":', "}"] as const])
    return text.slice(0, start) + open.repeat(depth) + text.slice(start, end) + close.repeat(depth) + text.slice(end)
  },
  (text, { random }) => text.replace(/[:,]/g, (mark) => mark + " ".repeat(random.integer(0, 2))),
  (text, { random }) => text.normalize(random.pick(["NFD", "NFKC"])),
  (text, { random }) => (random.integer(0, 1) === 0 ? text.toUpperCase() : text.toLowerCase()),
  (text, { random, corpus }) => [text, random.pick(corpus), text].slice(0, random.integer(2, 3)).join(random.pick(["\n", ",", ""])),
  reshapeJson,
]

function escaped(character: string): string {
  return character === "" ? "" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}
