import type { Storage, Write } from "../storage/storage.ts"

/** A storage within a storage: the keys below a prefix, which ends with a slash. Closing it is its owner's affair. */
export function prefixedStorage(storage: Storage, prefix: string): Storage {
  return {
    level: storage.level,
    incarnation: storage.incarnation,
    get: (key) => storage.get(prefix + key),
    *range(options) {
      for (const { key, value } of storage.range({ ...options, from: prefix + options.from, to: prefix + options.to })) {
        yield { key: key.slice(prefix.length), value }
      }
    },
    commit: (writes) => storage.commit(prefixed(writes, prefix)),
    close: () => Promise.resolve(),
  }
}

function prefixed(writes: readonly Write[], prefix: string): Write[] {
  return writes.map((write) => ("put" in write ? { put: prefix + write.put, value: write.value } : { remove: prefix + write.remove }))
}
