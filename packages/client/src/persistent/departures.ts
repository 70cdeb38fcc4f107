import { MagpieError, type Published, toMagpieError } from "@magpie/protocol"
import type { KeptItem } from "./kept-item.ts"

type OnReply = (reply: Published | MagpieError) => void

/** Items that leave when their number is kept, each over the link for which it was to leave and over no later one. */
export interface Departures {
  /**
   * `leave` says whether there was a link, and fails with what keeps the item from ever leaving. Where it does not leave,
   * `onReply` says why. One that is kept without the number stays, and is tried again.
   */
  add(item: KeptItem, saved: Promise<void>, leave: () => boolean, onReply: OnReply): void
  /** The link is gone: whatever has not left by now does not. */
  cancel(): void
}

export function createDepartures(): Departures {
  const waiting = new Set<OnReply>()

  async function depart(item: KeptItem, saved: Promise<void>, leave: () => boolean, onReply: OnReply): Promise<void> {
    try {
      await saved
    } catch (thrown) {
      const cause = toMagpieError(thrown)
      if (waiting.delete(onReply)) onReply(item.isKept ? unavailable("its number cannot be kept now", cause) : cause)
      return
    }
    if (!waiting.delete(onReply)) return
    try {
      if (item.error !== undefined || !leave()) onReply(unavailable("the link was lost before the message left"))
    } catch (thrown) {
      onReply(toMagpieError(thrown))
    }
  }

  return {
    add(item, saved, leave, onReply) {
      waiting.add(onReply)
      void depart(item, saved, leave, onReply)
    },
    cancel() {
      const stopped = [...waiting]
      waiting.clear()
      for (const onReply of stopped) onReply(unavailable("the link was lost before the message left"))
    },
  }
}

/** Why it has not left now: nothing is stored under its number for that. */
function unavailable(reason: string, cause?: MagpieError): MagpieError {
  return new MagpieError("UNAVAILABLE", reason, { cause, details: { sequence: "free" } })
}
