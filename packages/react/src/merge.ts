import type { MessageOf } from "@magpie/client"

/** Each message once, by its offset and as it is now; those without one behind. The same array where nothing is new. */
export function merge<K>(messages: readonly MessageOf<K>[], more: readonly MessageOf<K>[]): readonly MessageOf<K>[] {
  const known = new Map(messages.map((message) => [message.offset, message]))
  const fresh = more.filter(({ offset }) => offset === undefined || !known.has(offset))
  const newer = new Map(more.filter((message) => isNewer(message, known.get(message.offset))).map((message) => [message.offset, message]))
  const renewed = newer.size === 0 ? messages : messages.map((message) => newer.get(message.offset) ?? message)
  if (fresh.length === 0) return renewed
  const all = [...renewed, ...fresh]
  const newest = messages.at(-1)?.offset
  const isInOrder = fresh.every(({ offset }) => offset === undefined || newest === undefined || offset > newest)
  return isInOrder ? all : all.sort((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity))
}

/** Whether it is a later state of the same message. */
function isNewer<K>({ offset, changed }: MessageOf<K>, known: MessageOf<K> | undefined): boolean {
  return offset !== undefined && known !== undefined && (changed?.version ?? offset) > (known.changed?.version ?? offset)
}
