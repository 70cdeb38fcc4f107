import type { Random } from "@magpie/protocol"

export interface SeededRandom extends Random {
  /** An independent stream for one purpose: drawing from it does not disturb this one. */
  fork(label: string): SeededRandom
  /** A whole number in [minimum, maximum]. */
  integer(minimum: number, maximum: number): number
  pick<T>(values: readonly T[]): T
}

/** Reproducible randomness from a seed (sfc32, 128 bits of state, seeded through FNV-1a). Never fit for secrets. */
export function seededRandom(seed: number | string): SeededRandom {
  const next = sfc32(String(seed))
  const float = (): number => next() / 0x1_0000_0000
  const integer = (minimum: number, maximum: number): number => minimum + Math.floor(float() * (maximum - minimum + 1))
  return {
    float,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    fork: (label) => seededRandom(`${seed}/${label}`),
    integer,
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new RangeError("pick needs at least one value")
      return values[integer(0, values.length - 1)] as T
    },
  }
}

/** For each name a stream of its own, so that what one draws changes nothing for the others. */
export function streamOfEach(random: SeededRandom, label: string): (name: string) => SeededRandom {
  const streams = new Map<string, SeededRandom>()
  return (name) => {
    const stream = streams.get(name) ?? random.fork(`${label}-${name}`)
    streams.set(name, stream)
    return stream
  }
}

function sfc32(seed: string): () => number {
  let a = fnv1a(`a${seed}`)
  let b = fnv1a(`b${seed}`)
  let c = fnv1a(`c${seed}`)
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let warmUp = 0; warmUp < 15; warmUp++) next()
  return next
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
