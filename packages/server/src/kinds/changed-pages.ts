import type { DurableLog, MessageVersion } from "@magpie/journal"
import type { ReceiptsPage, VersionsPage } from "@magpie/protocol"

/** What a message said before, oldest first: the newest versions that fit into so many bytes, and one in any case. */
export function versionsPage(
  log: Pick<DurableLog, "versions">,
  channel: string,
  offset: number,
  maxBytes: number,
): Omit<VersionsPage, "id"> {
  const versions = newestWithin(log.versions(channel, offset), maxBytes).map(({ version, at, by, data }) => {
    return { version, at, ...(by === undefined ? undefined : { by }), data: JSON.parse(data) as unknown }
  })
  return { type: "versions", channel, offset, versions }
}

/** Up to where users have read: at most `limit` of those after a user in the order of their names. */
export function receiptsPage(log: Pick<DurableLog, "receipts">, channel: string, after: string, limit: number): Omit<ReceiptsPage, "id"> {
  const found = log.receipts(channel, after, limit + 1)
  const receipts = found.slice(0, limit)
  const next = found.length > limit ? receipts.at(-1)?.user : undefined
  return { type: "receipts", channel, receipts, ...(next === undefined ? undefined : { next }) }
}

function newestWithin(versions: readonly MessageVersion[], maxBytes: number): readonly MessageVersion[] {
  let bytes = 0
  let first = versions.length
  while (first > 0) {
    bytes += versions[first - 1]?.data.length ?? 0
    if (bytes > maxBytes && first < versions.length) break
    first--
  }
  return versions.slice(first)
}
