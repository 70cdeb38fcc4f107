import vectors from "../../../packages/protocol/fixtures/messages.json" with { type: "json" }

/** The golden vectors of the protocol: one text a message. */
export const UP_WIRES: readonly string[] = vectors.up.map(({ wire }) => wire)
export const DOWN_WIRES: readonly string[] = vectors.down.map(({ wire }) => wire)

/** Field names and values of every message, for insertion. */
export const WIRE_WORDS: readonly string[] = [
  ...new Set([...UP_WIRES, ...DOWN_WIRES].flatMap((wire) => wire.match(/"[^"]{1,24}":?/g) ?? [])),
]

/** Each message alone, some of them together in one frame, and one as a person would write it. */
export function framesOf(wires: readonly string[]): readonly string[] {
  const [first = "{}"] = wires
  return [...wires, wires.slice(0, 3).join("\n"), wires.slice(-2).join("\n"), JSON.stringify(JSON.parse(first), null, 2)]
}
