import type { Limits } from "@magpie/protocol"
import { insist } from "../target.ts"

/** What got past a codec's limits lies within them. */
export function inspectValue(value: unknown, limits: Pick<Limits, "jsonDepth">, depth = 1): void {
  if (typeof value === "string") return insist(value.isWellFormed(), "lets no half of a surrogate pair through")
  if (typeof value !== "object" || value === null) return
  insist(depth <= limits.jsonDepth, "lets nothing through that is nested deeper than the limit")
  for (const [key, inner] of Object.entries(value)) {
    insist(key.isWellFormed(), "lets no half of a surrogate pair through in a key")
    inspectValue(inner, limits, depth + 1)
  }
}
