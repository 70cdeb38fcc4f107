import type { MessageOf } from "@magpie/client"

/** Each message once, by its offset; those without one behind. The same array where nothing is new. */
export function merge<K>(messages: readonly MessageOf<K>[], more: readonly MessageOf<K>[]): readonly MessageOf<K>[] {
  const known = new Set(messages.map(({ offset }) => offset))
  const fresh = more.filter(({ offset }) => offset === undefined || !known.has(offset))
  if (fresh.length === 0) return messages
  const all = [...messages, ...fresh]
  const newest = messages.at(-1)?.offset
  const isInOrder = fresh.every(({ offset }) => offset === undefined || newest === undefined || offset > newest)
  return isInOrder ? all : all.sort((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity))
}
