import { nodeEnv } from "@magpie/server"
import { createPaths } from "../series/paths.ts"
import series from "../series/series.json" with { type: "json" }
import { createFeed, type Feed } from "./feed.ts"
import type { FeedChannels } from "./ports.ts"

/** Begins to replay into a server's channels. The caller closes it. */
export function startFeed(channels: FeedChannels): Feed {
  const { clock, random } = nodeEnv(() => {})
  return createFeed({
    channels: { ...channels, book: remembered(channels.book), bars: remembered(channels.bars) },
    paths: createPaths(series),
    clock,
    random: random.float,
  })
}

function remembered<Channel>(open: (symbol: string) => Channel): (symbol: string) => Channel {
  const known = new Map<string, Channel>()
  return (symbol) => {
    const channel = known.get(symbol) ?? open(symbol)
    known.set(symbol, channel)
    return channel
  }
}
