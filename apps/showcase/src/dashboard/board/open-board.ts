import { table } from "@magpie/client/table"
import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { BoardName, Figures } from "../schemas.ts"
import { type Point, withOlder, withPoint } from "./points.ts"

export type BoardState = "loading" | "live" | "failed"
export type Board = ReturnType<typeof openBoard>

const PAGE = 300

/** One dashboard: its newest figures from a table, and what they were from a stream. All of them share the page's connection. */
export function openBoard(client: ShowcaseClient, name: BoardName) {
  const rows = table(client.channel(`dashboard/now/${name}`))
  const history = client.channel(`dashboard/history/${name}`)
  const now = createStore<Figures>({})
  const points = createStore<readonly Point[]>([])
  const state = createStore<BoardState>("loading")
  let older: Awaited<ReturnType<typeof history.history>> | undefined
  let reaching: Promise<void> | undefined
  let stopListening = () => {}
  let isClosed = false

  rows.on("change", () => now.set(Object.fromEntries([...rows.rows].map(([metric, row]) => [metric, row.value.value]))))

  async function open(): Promise<void> {
    state.set("loading")
    try {
      older = await history.history({ limit: PAGE })
      if (isClosed) return
      points.set(readPoints(older.messages))
      stopListening = history.on("point", ({ at, data }) => points.update((known) => withPoint(known, { at, figures: data.figures })))
      // From the page's position on, every point comes.
      await history.subscribe({ position: older.position })
      state.set("live")
    } catch {
      stopListening()
      if (!isClosed) state.set("failed")
    }
  }

  async function readUntil(at: number): Promise<void> {
    while (!isClosed && older?.more === true && (points.get()[0]?.at ?? 0) > at) {
      older = await older.next()
      if (isClosed || older === undefined) return
      const read = readPoints(older.messages)
      points.update((known) => withOlder(known, read))
    }
  }

  void open()
  return {
    name,
    now,
    points,
    state,
    retry: open,
    /** Reads as far back as this time, page by page, as far as the server has it. */
    reach(at: number): Promise<void> {
      reaching ??= readUntil(at)
        .catch(() => {})
        .finally(() => {
          reaching = undefined
        })
      return reaching
    },
    close(): void {
      isClosed = true
      stopListening()
      rows.close()
      void history.unsubscribe()
    },
  }
}

function readPoints(messages: readonly { readonly at: number; readonly data: { readonly figures: Figures } }[]): readonly Point[] {
  return messages.map(({ at, data }) => ({ at, figures: data.figures })).reduce(withPoint, [])
}
