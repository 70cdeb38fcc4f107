const BLOCK_LENGTH = 512

/** Orders text by its UTF-8 bytes. UTF-16 units give the same order but where surrogates meet the units above them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index)
    const y = b.charCodeAt(index)
    if (x === y) continue
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}

/** A set of keys in the order of their UTF-8 bytes, in blocks, so that an insert moves at most one block's keys. */
export class SortedKeys {
  readonly #blocks: string[][] = []

  add(key: string): void {
    const blockIndex = this.#blockOf(key)
    const block = this.#blocks[blockIndex]
    if (block === undefined) {
      this.#blocks.push([key])
      return
    }
    const index = lowerBound(block, key)
    if (block[index] === key) return
    block.splice(index, 0, key)
    if (block.length > BLOCK_LENGTH) this.#blocks.splice(blockIndex + 1, 0, block.splice(BLOCK_LENGTH / 2))
  }

  remove(key: string): void {
    const blockIndex = this.#blockOf(key)
    const block = this.#blocks[blockIndex]
    if (block === undefined) return
    const index = lowerBound(block, key)
    if (block[index] !== key) return
    block.splice(index, 1)
    if (block.length === 0) this.#blocks.splice(blockIndex, 1)
  }

  /** The first key that is not below `key`. */
  atOrAfter(key: string): string | undefined {
    const blockIndex = this.#blockOf(key)
    const block = this.#blocks[blockIndex]
    if (block === undefined) return undefined
    return block[lowerBound(block, key)] ?? this.#blocks[blockIndex + 1]?.[0]
  }

  /** The last key below `key`. */
  before(key: string): string | undefined {
    const blockIndex = this.#blockOf(key)
    const block = this.#blocks[blockIndex]
    if (block === undefined) return undefined
    return block[lowerBound(block, key) - 1] ?? this.#blocks[blockIndex - 1]?.at(-1)
  }

  /** The last block whose first key is not above `key`, or the first block. */
  #blockOf(key: string): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareUtf8(this.#blocks[middle]?.[0] ?? "", key) <= 0) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareUtf8(keys[middle] ?? "", key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
