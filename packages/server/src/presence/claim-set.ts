import type { Claim } from "./claims.ts"

/** What a claim takes in a message beside its state, about. */
const FRAME_BYTES = 120

/** The claims of one node in one room, with a sum that is equal where they are: equal members, equal revisions. */
export class ClaimSet implements Iterable<Claim> {
  readonly #claims = new Map<string, Claim>()
  #sum = 0
  #bytes = 0

  get size(): number {
    return this.#claims.size
  }

  get sum(): number {
    return this.#sum
  }

  /** What all of them take in a message, about. */
  get bytes(): number {
    return this.#bytes
  }

  get(member: string): Claim | undefined {
    return this.#claims.get(member)
  }

  put(claim: Claim): void {
    this.remove(claim.member)
    this.#claims.set(claim.member, claim)
    this.#sum = (this.#sum + hashOf(claim)) >>> 0
    this.#bytes += FRAME_BYTES + claim.bytes
  }

  remove(member: string): void {
    const claim = this.#claims.get(member)
    if (claim === undefined) return
    this.#claims.delete(member)
    this.#sum = (this.#sum - hashOf(claim)) >>> 0
    this.#bytes -= FRAME_BYTES + claim.bytes
  }

  /** The sums of each of so many buckets, over which the members are spread. */
  bucketSums(buckets: number): number[] {
    const sums = new Array<number>(buckets).fill(0)
    for (const claim of this) {
      const bucket = bucketOf(claim.member, buckets)
      sums[bucket] = ((sums[bucket] ?? 0) + hashOf(claim)) >>> 0
    }
    return sums
  }

  bucket(index: number, buckets: number): Claim[] {
    return [...this].filter(({ member }) => bucketOf(member, buckets) === index)
  }

  [Symbol.iterator](): Iterator<Claim> {
    return this.#claims.values()
  }
}

function bucketOf(member: string, buckets: number): number {
  return textHash(member) % buckets
}

function hashOf({ member, revision }: Claim): number {
  // The finalizer of MurmurHash3, so that sums of near revisions differ.
  let hash = Math.imul(textHash(member) ^ revision, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** FNV-1a, 32 bits. */
function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
