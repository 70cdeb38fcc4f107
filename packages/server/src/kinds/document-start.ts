import type { DurableLog } from "@magpie/journal"
import type { Subscribe } from "@magpie/protocol"
import type { SubscriptionStart } from "./stream.ts"

/**
 * Where a subscription of a document begins: where the client was, or else in front of everything, since what it then misses
 * cannot be known without a part of the log. Whoever holds some of it already takes no harm: an update counts once.
 */
export function documentStart(
  log: Pick<DurableLog, "newest" | "oldest" | "resume">,
  { channel, position }: Pick<Subscribe, "channel" | "position">,
): SubscriptionStart {
  const answer = position && log.resume(channel, position)
  if (answer?.answer === "recovered") return answer
  const beginning = { epoch: log.newest(channel).epoch, offset: log.oldest(channel) - 1 }
  return answer === undefined ? { answer: "new", position: beginning } : { ...answer, position: beginning }
}
