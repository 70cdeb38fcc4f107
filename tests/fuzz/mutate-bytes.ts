import type { SeededRandom } from "@magpie/testing"

type Operation = (bytes: number[], random: SeededRandom, corpus: readonly Uint8Array[]) => void

const MOST_OPERATIONS = 4

/** A few operations on good bytes. */
export function mutateBytes(bytes: Uint8Array, random: SeededRandom, corpus: readonly Uint8Array[], maxLength: number): Uint8Array {
  const mutated = Array.from(bytes)
  for (let left = random.integer(1, MOST_OPERATIONS); left > 0; left--) random.pick(OPERATIONS)(mutated, random, corpus)
  return Uint8Array.from(mutated.slice(0, maxLength))
}

const at = (bytes: readonly number[], random: SeededRandom): number => random.integer(0, Math.max(0, bytes.length - 1))

const OPERATIONS: readonly Operation[] = [
  function flipBit(bytes, random) {
    const index = at(bytes, random)
    bytes[index] = (bytes[index] ?? 0) ^ (1 << random.integer(0, 7))
  },
  function setByte(bytes, random) {
    bytes[at(bytes, random)] = random.pick([0x00, 0x01, 0x7f, 0x80, 0xff])
  },
  function truncate(bytes, random) {
    bytes.length = at(bytes, random)
  },
  function remove(bytes, random) {
    bytes.splice(at(bytes, random), random.integer(1, 8))
  },
  function insert(bytes, random) {
    bytes.splice(at(bytes, random), 0, ...random.bytes(random.integer(1, 8)))
  },
  function longNumber(bytes, random) {
    bytes.splice(at(bytes, random), 0, ...Array.from({ length: random.pick([1, 6, 7, 8, 9, 12, 150, 200]) }, () => 0xff))
  },
  function longLength(bytes, random) {
    bytes.splice(at(bytes, random), 4, ...random.pick([[0xff, 0xff, 0xff, 0xff] as const, [0xff, 0xff, 0xff, 0x7f] as const]))
  },
  function splice(bytes, random, corpus) {
    const other = random.pick(corpus)
    const start = random.integer(0, other.length)
    bytes.splice(at(bytes, random), random.integer(0, 8), ...other.subarray(start, start + random.integer(0, 40)))
  },
]
