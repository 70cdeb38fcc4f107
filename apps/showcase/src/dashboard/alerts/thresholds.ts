import { createStore, type Store } from "@magpie/frame/store"
import { PANELS, type Panel, type PanelId } from "../panels.ts"

const KEY = "magpie.dashboard.thresholds"

/** By panel; null where somebody wants none. */
type Chosen = Readonly<Partial<Record<PanelId, number | null>>>

/** The thresholds that this viewer set, kept in this browser; else those that stand beside the panels. */
export interface Thresholds {
  readonly chosen: Store<Chosen>
  of(panel: Panel): number | undefined
  set(panel: Panel, threshold: number | undefined): void
}

export function createThresholds(kept: Pick<Storage, "getItem" | "setItem">): Thresholds {
  const chosen = createStore(readKept(kept))
  return {
    chosen,
    of({ id, threshold }) {
      const its = chosen.get()[id]
      return its === undefined ? threshold : (its ?? undefined)
    },
    set({ id }, threshold) {
      chosen.update((now) => ({ ...now, [id]: threshold !== undefined && Number.isFinite(threshold) ? threshold : null }))
      kept.setItem(KEY, JSON.stringify(chosen.get()))
    },
  }
}

function readKept(kept: Pick<Storage, "getItem">): Chosen {
  try {
    const read: unknown = JSON.parse(kept.getItem(KEY) ?? "{}")
    if (typeof read !== "object" || read === null) return {}
    const known = new Map<string, unknown>(Object.entries(read))
    return Object.fromEntries(
      PANELS.map(({ id }) => [id, known.get(id)] as const).filter(([, value]) => value === null || Number.isFinite(value)),
    )
  } catch {
    return {}
  }
}
