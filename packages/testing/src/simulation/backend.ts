import { type Clock, toMagpieError } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import type { PublishRecord } from "./judge/publishes.ts"
import type { SimulatedNode } from "./simulated-node.ts"

/**
 * Code beside a server that publishes without sequences: with a key it tries until it is told that the message is stored,
 * without one it says it once, and then it may be stored once or not at all.
 */
export interface Backend {
  publish(): void
}

export interface BackendOptions {
  readonly clock: Clock
  readonly judge: Judge
  pickNode(): SimulatedNode
}

const NAME = "backend"
const CHANNEL = "chat/a"
const RETRY_MS = 250
/** A process that dies never answers. */
const PATIENCE_MS = 5_000
/** Every so manieth message goes without a key. */
const WITHOUT_KEY = 3

export function createBackend({ clock, judge, pickNode }: BackendOptions): Backend {
  let calls = 0

  function attempt(record: PublishRecord): void {
    const later = (): void => void clock.setTimer(RETRY_MS, () => attempt(record))
    const { core } = pickNode()
    if (core === undefined) return later()
    let waiting = true
    const patience = clock.setTimer(PATIENCE_MS, () => {
      waiting = false
      attempt(record)
    })
    /** Whether this attempt is still the one that counts. */
    const answered = (): boolean => {
      patience.cancel()
      return waiting
    }
    core
      .channel(CHANNEL)
      .publish("say", { id: record.id }, { from: NAME, key: record.id })
      .then(
        ({ position, level }) => {
          if (answered() && record.outcome.result === "pending") judge.acknowledged(record, position, level)
        },
        (failure: unknown) => {
          judge.reached(`${NAME}-${toMagpieError(failure).code}`)
          if (answered()) later()
        },
      )
      .catch(judge.broken)
  }

  function sayOnce(record: PublishRecord): void {
    const giveUp = (): void => judge.publishes.abandoned(record.publisher)
    const { core } = pickNode()
    if (core === undefined) return giveUp()
    const patience = clock.setTimer(PATIENCE_MS, giveUp)
    core
      .channel(CHANNEL)
      .publish("say", { id: record.id }, { from: NAME })
      .then(({ position, level }) => record.outcome.result === "pending" && judge.acknowledged(record, position, level), giveUp)
      .finally(() => patience.cancel())
      .catch(judge.broken)
  }

  return {
    publish() {
      // Each call is a publisher of its own: two of them may be stored in either order.
      const publisher = `${NAME}-${++calls}`
      const record = judge.publishes.call({
        ...{ id: messageId(publisher, 1), channel: CHANNEL, publisher, user: NAME },
        calledAt: clock.monotonic(),
      })
      if (calls % WITHOUT_KEY === 0) sayOnce(record)
      else attempt(record)
    },
  }
}
