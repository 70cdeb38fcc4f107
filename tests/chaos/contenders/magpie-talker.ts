import { connect } from "@magpie/client"
import type { Chaos } from "../contract.ts"
import { DOWN, UP } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { PONG_TIMEOUT_MS } from "./contenders.ts"
import type { Talker, TalkerOptions } from "./talker.ts"

export function openMagpieTalker({ port, user, events }: TalkerOptions): Talker {
  const client = connect<Chaos>(`ws://127.0.0.1:${port}`, { token: () => tokenFor(user), pongTimeoutMs: PONG_TIMEOUT_MS })
  const channels = [UP, DOWN].map((name) => client.channel(name as typeof UP))
  for (const channel of channels) {
    channel.on("say", ({ data }) => events.onHeard(channel.name, data))
    channel.subscription.on("gap", events.onGap)
  }
  return {
    ready: Promise.all(channels.map((channel) => channel.subscribe())).then(() => {}),
    get settled() {
      return client.statistics.pending === 0 && channels.every(({ subscription }) => subscription.state.state === "live")
    },
    say(word) {
      void client
        .channel(UP)
        .send("say", word)
        .then(() => events.onAccepted(word), events.onRefused)
    },
    close: () => client.close(),
  }
}
