import type { Line } from "../conversation/lines.ts"
import type { WidgetWords } from "../language/widget-words.ts"

/** What a line says, in words. */
export function wordOf(line: Line, words: WidgetWords): string {
  if (line.kind === "deleted") return words.deleted
  if (line.kind !== "event") return line.text
  return line.text === "closed" ? words.events.closed : words.events[line.text === "handed" ? "handed" : "joined"](line.name)
}
