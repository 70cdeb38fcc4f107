const BUCKET_MS = 0.02
const BUCKETS = 250_000

/** Times up to 5 s in steps of 20 µs; counting one allocates nothing. */
export function createHistogram() {
  const counts = new Uint32Array(BUCKETS)
  let total = 0
  return {
    add(/** @type {number} */ ms) {
      counts[Math.min(BUCKETS - 1, Math.max(0, Math.floor(ms / BUCKET_MS)))]++
      total++
    },
    clear() {
      counts.fill(0)
      total = 0
    },
    /** The time that this part of all stayed within, in milliseconds. */
    quantile(/** @type {number} */ part) {
      let left = Math.ceil(total * part)
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        left -= counts[bucket]
        if (left <= 0) return (bucket + 1) * BUCKET_MS
      }
      return BUCKETS * BUCKET_MS
    },
  }
}
