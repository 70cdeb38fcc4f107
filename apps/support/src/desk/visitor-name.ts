import type { Place } from "../queue.ts"

/** The name that the visitor gave, or a short one that tells him from others. */
export function visitorName({ name, visitor }: Pick<Place, "name" | "visitor">, nobody: string): string {
  return name === "" ? `${nobody} ${visitor.slice(0, 4)}` : name
}
