import { SCORES } from "./scoreboard.ts"
import { TABLE } from "./simulated-app.ts"
import type { World } from "./world.ts"

/** Whose rows are not the newest; undefined when everybody's are [I27, G7]. */
export function untrueRows({ nodes, clients }: World): string | undefined {
  const log = nodes[0]?.log
  for (const { name, scoreboard } of clients) {
    if (scoreboard === undefined || log === undefined) continue
    const { state, rows } = scoreboard.table
    if (state.state !== "live") return `the table of ${name} is ${state.state}`
    for (const key of SCORES) {
      if (!scoreboard.follows(key)) {
        if (rows.has(key)) return `${name} is told of ${key}, which it did not choose`
        continue
      }
      const row = log.row(TABLE, key)
      const expected = row?.data === undefined ? undefined : `${row.version} ${row.data}`
      const shown = rows.get(key)
      const its = shown && `${shown.version} ${JSON.stringify(shown.value)}`
      if (its !== expected) return `${name} shows ${key} as ${its} where it is ${expected}`
    }
  }
  return undefined
}
