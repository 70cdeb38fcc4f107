import { MagpieError, type Published, toMagpieError } from "@magpie/protocol"
import type { KeptItem } from "./kept-item.ts"

type OnReply = (reply: Published | MagpieError) => void

/** Items that leave when their number is kept, each over the link for which it was to leave and over no later one. */
export interface Departures {
  /**
   * `leave` says whether there was a link, and fails with what keeps the item from ever leaving. Where it does not leave,
   * `onReply` says why, and nothing that waits behind it on its channel leaves either: the server would store none of it before
   * its number is used. One that is kept without the number stays, and is tried again.
   */
  add(item: KeptItem, saved: Promise<void>, leave: () => boolean, onReply: OnReply): void
  /** The link is gone: whatever has not left by now does not. */
  cancel(): void
}

interface Waiting {
  readonly item: KeptItem
  readonly onReply: OnReply
}

export function createDepartures(): Departures {
  const waiting = new Set<Waiting>()

  async function depart(each: Waiting, saved: Promise<void>, leave: () => boolean): Promise<void> {
    try {
      await saved
    } catch (thrown) {
      const cause = toMagpieError(thrown)
      return stay(each, each.item.isKept ? unavailable("its number cannot be kept now", cause) : cause)
    }
    if (!waiting.has(each)) return
    try {
      if (each.item.error === undefined && leave()) waiting.delete(each)
      else stay(each, unavailable("the link was lost before the message left"))
    } catch (thrown) {
      stay(each, toMagpieError(thrown))
    }
  }

  function stay(each: Waiting, why: MagpieError): void {
    if (!waiting.delete(each)) return
    const behind = [...waiting].filter(({ item }) => item.channel === each.item.channel)
    each.onReply(why)
    for (const next of behind) if (waiting.delete(next)) next.onReply(unavailable("what was in front of it has not left"))
  }

  return {
    add(item, saved, leave, onReply) {
      const each = { item, onReply }
      waiting.add(each)
      void depart(each, saved, leave)
    },
    cancel() {
      const stopped = [...waiting]
      waiting.clear()
      for (const { onReply } of stopped) onReply(unavailable("the link was lost before the message left"))
    },
  }
}

/** Why it has not left now: nothing is stored under its number for that. */
function unavailable(reason: string, cause?: MagpieError): MagpieError {
  return new MagpieError("UNAVAILABLE", reason, { cause, details: { sequence: "free" } })
}
