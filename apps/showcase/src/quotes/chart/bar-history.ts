import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Bar } from "../schemas.ts"

export type BarHistory = ReturnType<typeof openBarHistory>

/** The days of one symbol that are over, oldest first: what the stream has kept, and each day that ends from now on. */
export function openBarHistory(client: ShowcaseClient, symbol: string) {
  const channel = client.channel(`quotes/bars/${symbol}`)
  const bars = createStore<readonly Bar[]>([])
  const state = createStore<"loading" | "live" | "failed">("loading")
  const disposers: (() => void)[] = []
  let isClosed = false

  async function open(): Promise<void> {
    state.set("loading")
    try {
      const page = await channel.history({ limit: 250 })
      if (isClosed) return
      bars.set(page.messages.map((message) => message.data).reduce(withBar, []))
      disposers.push(channel.on("bar", (message) => bars.update((now) => withBar(now, message.data))))
      // From the page's position on, every day comes.
      await channel.subscribe({ position: page.position })
      state.set("live")
    } catch {
      stop()
      if (!isClosed) state.set("failed")
    }
  }

  function stop(): void {
    for (const dispose of disposers.splice(0)) dispose()
  }

  void open()
  return {
    bars,
    state,
    retry: open,
    close(): void {
      isClosed = true
      stop()
      void channel.unsubscribe()
    },
  }
}

/** The next day in its place. A new lap begins anew, and so does what comes after days that are missing. */
export function withBar(bars: readonly Bar[], bar: Bar): readonly Bar[] {
  const last = bars.at(-1)
  if (last === undefined || bar.lap > last.lap) return [bar]
  if (bar.lap < last.lap || bar.day <= last.day) return bars
  return bar.day === last.day + 1 ? [...bars, bar] : [bar]
}
