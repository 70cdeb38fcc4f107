import { DEVICE } from "./simulated-app.ts"
import type { World } from "./world.ts"

/** What is still open of what was called; undefined when everything has ended and everybody knows [I17, G9]. */
export function openCommands({ nodes, clients }: World): string | undefined {
  for (const { name, log } of nodes) {
    const { open } = log?.commandCounts(DEVICE) ?? { open: 0 }
    if (open > 0) return `${open} commands have not ended on ${name}`
  }
  const waiting = clients.find(({ caller }) => caller !== undefined && caller.commands.pending.length > 0)
  return waiting && `${waiting.caller?.commands.pending.length} calls of ${waiting.name} have no outcome`
}
