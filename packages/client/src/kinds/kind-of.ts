/** The kind of a channel by the patterns of a welcome. Where several match, fixed text wins over a parameter, from the left. */
export function kindOf(channels: ReadonlyMap<string, string>, name: string): string | undefined {
  const segments = name.split("/")
  let best = "~"
  let found: string | undefined
  for (const [pattern, kind] of channels) {
    const parts = pattern.split("/")
    if (parts.length !== segments.length || parts.some((part, index) => !part.startsWith(":") && part !== segments[index])) continue
    // One character a segment, so that the order of texts is the order of patterns.
    const rank = parts.map((part) => (part.startsWith(":") ? "1" : "0")).join("")
    if (rank < best) [best, found] = [rank, kind]
  }
  return found
}
