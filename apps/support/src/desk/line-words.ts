import type { Line } from "../conversation/lines.ts"
import type { DeskWords } from "../language/desk-words.ts"

/** What a line says, in words. */
export function lineWords(line: Line, words: DeskWords): string {
  if (line.kind === "deleted") return words.deleted
  if (line.kind !== "event") return line.text
  return words.events[line.text === "closed" || line.text === "handed" ? line.text : "joined"](line.name)
}
