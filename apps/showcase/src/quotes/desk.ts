import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../connection/open-connection.ts"
import { watchMainThread } from "./limits/main-thread.ts"
import { createEffectMeter } from "./limits/measure.ts"
import { MOST_RATE } from "./limits/rates.ts"
import { staleAfterMs } from "./list/age.ts"
import { type BoardLimits, createQuoteBoard } from "./list/quote-board.ts"
import { createWatchList } from "./list/watch-list.ts"
import { openReplayControl } from "./replay/replay-control.ts"

export type Scope = "watched" | "all"

export type Desk = ReturnType<typeof openDesk>

/** Everything that the page of quotes follows, from when it is opened until it is left. */
export function openDesk(client: ShowcaseClient) {
  const now = () => performance.now()
  const board = createQuoteBoard(client, now)
  const watchList = createWatchList(localStorage)
  const replay = openReplayControl(client)
  const meter = createEffectMeter(() => ({ at: now(), bytesIn: client.statistics.bytesIn, ...board.counts }))
  const thread = watchMainThread()
  const limits = createStore<BoardLimits>({ rate: undefined, maxBytesPerSecond: undefined })
  const scope = createStore<Scope>("watched")
  const staleMs = createStore(staleAfterMs(MOST_RATE))

  const judgeAges = () => staleMs.set(staleAfterMs(Math.min(board.pace.get().rate ?? MOST_RATE, replay.wish.get().updatesPerSecond)))
  const stops = [replay.wish.subscribe(judgeAges), board.pace.subscribe(judgeAges)]

  return {
    client,
    board,
    watchList,
    replay,
    effect: meter.effect,
    mainThread: thread.mainThread,
    limits,
    scope,
    /** After which time a quote is old. */
    staleMs,
    now,
    limit(change: Partial<BoardLimits>): void {
      limits.update((now) => ({ ...now, ...change }))
      board.setLimits(limits.get())
    },
    close(): void {
      for (const stop of stops) stop()
      meter.close()
      thread.close()
      replay.close()
      board.close()
    },
  }
}
