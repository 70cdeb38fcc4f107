import { DEVICES } from "../schemas.ts"
import type { Source, Visitors } from "./ports.ts"

/** Members in one page, and so many of them are looked at; of more visitors than that only the number is known. */
const PAGE = 500
export const MOST_VISITORS = 2_000
/** Names in a list; what is left stands under `other`. */
export const MOST_NAMES = 8

/** How many are here, and of them how many on each page, from each host, with each class of devices. Nobody is named. */
export function createVisitFigures(visitors: Visitors): Source {
  return async () => {
    const pages = new Map<string, number>()
    const referrers = new Map<string, number>()
    const devices = new Map<string, number>(DEVICES.map((device) => [device, 0]))
    let after: string | undefined
    let seen = 0
    let count = 0
    do {
      const { counts, members, next } = await visitors.page({ limit: PAGE, after })
      for (const { state } of members) {
        add(pages, state.page)
        add(referrers, state.referrer)
        add(devices, state.device)
      }
      count = counts.members
      seen += members.length
      after = next
    } while (after !== undefined && seen < MOST_VISITORS)
    return { visitors: count, ...named("device", devices), ...named("page", pages), ...named("referrer", referrers) }
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** The most frequent by name, and the rest as one. */
function named(kind: string, counts: ReadonlyMap<string, number>): Record<string, number> {
  const sorted = [...counts].sort(([one, its], [other, others]) => others - its || (one < other ? -1 : 1))
  const shown = sorted.slice(0, MOST_NAMES)
  const rest = sorted.slice(MOST_NAMES).reduce((sum, [, count]) => sum + count, 0)
  const figures = Object.fromEntries(shown.map(([name, count]) => [`${kind}/${name}`, count]))
  return rest === 0 ? figures : { ...figures, [`${kind}/other`]: rest + (figures[`${kind}/other`] ?? 0) }
}
