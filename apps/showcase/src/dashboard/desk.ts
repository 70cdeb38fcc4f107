import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../connection/open-connection.ts"
import { type Alert, alertsOf } from "./alerts/alerts.ts"
import { createThresholds } from "./alerts/thresholds.ts"
import { type Board, openBoard } from "./board/open-board.ts"
import { movedTo, type SpanMs, shownRange, type View } from "./board/view.ts"
import { panelsOf } from "./panels.ts"
import type { BoardName } from "./schemas.ts"

export type Desk = ReturnType<typeof openDesk>

/** Everything that the page of dashboards follows, from when it is opened until it is left. */
export function openDesk(client: ShowcaseClient, names: readonly BoardName[], kept: Pick<Storage, "getItem" | "setItem">) {
  const boards = names.map((name) => openBoard(client, name))
  const thresholds = createThresholds(kept)
  const view = createStore<View>({ spanMs: 300_000, stoppedAt: undefined })
  /** The newest moment of which something is known. */
  const newest = createStore(0)
  /** The moment under the pointer. */
  const pointed = createStore<number | undefined>(undefined)
  const alerts = createStore<readonly Alert[]>([])

  function judge(): void {
    newest.set(Math.max(...boards.map(({ points }) => points.get().at(-1)?.at ?? 0)))
    const found = boards.flatMap(({ name, points }) =>
      panelsOf(name).flatMap((panel) => alertsOf(points.get(), panel, thresholds.of(panel))),
    )
    if (JSON.stringify(found) !== JSON.stringify(alerts.get())) alerts.set(found)
  }

  function reach(): void {
    const { from } = shownRange(view.get(), newest.get())
    for (const board of boards) void board.reach(from)
  }

  const stops = [
    thresholds.chosen.subscribe(judge),
    view.subscribe(reach),
    ...boards.flatMap(({ points, state }) => [points.subscribe(judge), state.subscribe(reach)]),
  ]

  return {
    boards: boards as readonly Board[],
    thresholds,
    view,
    newest,
    pointed,
    alerts,
    /** Stands still at what is shown now; everything goes on coming. */
    pause: () => view.update((now) => ({ ...now, stoppedAt: now.stoppedAt ?? newest.get() })),
    follow: () => view.update((now) => ({ ...now, stoppedAt: undefined })),
    lookAt: (at: number) => view.update((now) => movedTo(now, at, newest.get())),
    show: (spanMs: SpanMs) => view.update((now) => ({ ...now, spanMs })),
    close(): void {
      for (const stop of stops) stop()
      for (const board of boards) board.close()
    },
  }
}
