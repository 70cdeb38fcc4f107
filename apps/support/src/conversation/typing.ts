import type { BroadcastChannel } from "@magpie/client"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "../contract.ts"

const REPEAT_MS = 3_000
const FORGET_MS = 6_000

/** Whether the other side writes just now. It is told every three seconds at most, and forgotten after six. */
export function followTyping(
  channel: BroadcastChannel<KindOf<Support, "support/typing/:visitor">, undefined>,
  isOwn: (from: string | undefined) => boolean,
  tell: (typing: boolean) => void,
) {
  let forget: ReturnType<typeof setTimeout> | undefined
  let toldAt = 0
  const stop = channel.on("typing", ({ from, data }) => {
    if (isOwn(from)) return
    clearTimeout(forget)
    tell(data.active)
    if (data.active) forget = setTimeout(() => tell(false), FORGET_MS)
  })
  return {
    say(active: boolean): void {
      const now = Date.now()
      if (active ? now - toldAt < REPEAT_MS : toldAt === 0) return
      toldAt = active ? now : 0
      channel.send("typing", { active })
    },
    stop(): void {
      clearTimeout(forget)
      stop()
    },
  }
}
