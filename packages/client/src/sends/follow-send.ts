import { type MagpieError, type MessageInput, type MessageName, toMagpieError } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { Receipt, SendOptions, StreamChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import type { OutboxStore } from "../outbox/keeper.ts"
import { stateOf } from "../persistent/kept-item.ts"
import type { SendState } from "../persistent/kept-message.ts"
import type { PersistentOutbox } from "../persistent/persistent.ts"
import { randomName } from "../random-name.ts"
import { outboxFollower } from "./outbox-follower.ts"

/** A state that a message has come to; where it is final, with the proof or the reason. */
export interface SendProgress {
  readonly state: Exclude<SendState, "pending">
  readonly receipt: Receipt | undefined
  /** Where nothing is kept on this device, TIMEOUT, ABORTED and CLOSED leave open whether it is stored. */
  readonly error: MagpieError | undefined
}

/** As of the channel's `send`, and who hears of each state after `pending`, in order. */
export interface FollowSendOptions extends SendOptions {
  readonly onProgress: (progress: SendProgress) => void
}

/**
 * Sends on a stream as its `send` does, and tells what becomes of the message: confirmed, rejected or expired, with a persistent
 * outbox also `sent`. What such an outbox holds is followed to its end, also when the caller has stopped waiting; what it holds
 * still when the client is closed is told no more, because a later page sends it. Fails with BAD_REQUEST on what is no channel of
 * a client.
 */
export async function followSend<K, N extends MessageName<K>>(
  channel: StreamChannel<K, undefined>,
  name: N,
  data: MessageInput<K, N>,
  { onProgress, ...options }: FollowSendOptions,
): Promise<Receipt> {
  const { random, store, kindName, onError } = extend(channel)
  if (kindName() === "broadcast") throw badField("channel", "must be a stream")
  const ref = options.ref ?? randomName(random, 8)
  const send = (): Promise<Receipt> => channel.send(name, data, { ...options, ref })

  function tell({ state, receipt, error }: Omit<SendProgress, "state"> & { readonly state: SendState }): void {
    if (state === "pending") return
    try {
      onProgress({ state, receipt, error })
    } catch (thrown) {
      onError(toMagpieError(thrown))
    }
  }

  function end(thrown: unknown): void {
    const error = toMagpieError(thrown)
    tell({ state: stateOf(error), receipt: undefined, error })
  }

  if (!isPersistent(store)) return told(send())
  // It takes what is sent before `send` returns.
  const { sent, isTaken } = outboxFollower(store).during({ channel: channel.name, ref, tell }, send)
  return isTaken ? sent : told(sent)

  function told(outcome: Promise<Receipt>): Promise<Receipt> {
    outcome.then((receipt) => tell({ state: "confirmed", receipt, error: undefined }), end)
    return outcome
  }
}

const isPersistent = (store: OutboxStore | undefined): store is PersistentOutbox => store !== undefined && "messages" in store
