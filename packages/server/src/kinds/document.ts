import type { DurableLog } from "@magpie/journal"
import {
  AWARENESS,
  type ChannelMatch,
  decodeBase64,
  type ErrorCode,
  type JsonText,
  type Limits,
  MagpieError,
  type Publish,
  toJsonText,
  toMagpieError,
  UPDATE,
  updateData,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { Awareness } from "../documents/awareness.ts"
import { inspectUpdate } from "../documents/inspect-update.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"
import type { KindHandler } from "./kind-handler.ts"
import { createSettling, sentBy } from "./settling.ts"

export interface DocumentHandlerOptions {
  readonly log: DurableLog
  readonly limits: Limits
  readonly authorizer: Authorizer
  /** A document's log is read as a stream is. */
  readonly reading: KindHandler
  readonly awareness: Awareness
  /** A document's log is so long that nothing is added to it. */
  onTooLong(channel: string): void
}

/** Documents: updates are looked at, stored as they are, acknowledged, and then told to everybody [G8]. */
export function createDocumentHandler({ log, limits, authorizer, reading, awareness, onTooLong }: DocumentHandlerOptions): KindHandler {
  const settling = createSettling(log, limits)

  /** Fails with FORBIDDEN, BAD_REQUEST, TOO_LARGE, LIMIT_EXCEEDED and DOC_REJECTED. */
  function admit(connection: Connection, message: Publish, isAllowed: boolean): JsonText {
    if (!isAllowed) throw forbidden(message.channel, "publish")
    // It could not be said any more in whose name it comes, nor what became of it.
    if (connection.open === undefined) throw new MagpieError("UNAVAILABLE", "the connection ended before this was decided")
    const { documentUpdates: most } = limits
    if (log.newest(message.channel).offset - log.oldest(message.channel) >= most) {
      onTooLong(message.channel)
      const details = { limit: "documentUpdates", value: most }
      throw new MagpieError("LIMIT_EXCEEDED", "the document has too many updates that are not joined", { details })
    }
    return admitUpdate(message, limits)
  }

  function append(connection: Connection, message: Publish, match: ChannelMatch, data: JsonText): void {
    settling.settle(connection, message, log.publish({ ...sentBy(connection, message, match), name: UPDATE, data }), refusedUpdate)
  }

  return {
    ...reading,
    subscribe(connection, message, match) {
      const subscription = reading.subscribe(connection, message, match)
      const { channel } = message
      connection.send({ type: "document", channel, newest: log.newest(channel).offset, updateBytes: limits.documentUpdateBytes })
      for (const publication of awareness.of(channel)) {
        const encoded = connection.codec.encodePublication(publication)
        // The rest show themselves again soon.
        if (!connection.queue.hasRoom(encodedBytes(encoded))) break
        connection.sendEncoded(encoded)
      }
      return subscription
    },
    publish(connection, message, match) {
      if (message.name === AWARENESS) {
        awareness.publish(connection, message)
        return connection.send({ type: "published", ...(message.id === undefined ? undefined : { id: message.id }) })
      }
      if (settling.isBusy(connection, message)) return
      const refuse = (failure: unknown): void => settling.refuse(connection, message, match, toMagpieError(failure))
      try {
        const allowed = authorizer.allowed(connection, message.channel, match, "publish")
        if (!(allowed instanceof Promise)) return append(connection, message, match, admit(connection, message, allowed))
        return allowed.then((yes) => append(connection, message, match, admit(connection, message, yes))).catch(refuse)
      } catch (failure) {
        return refuse(failure)
      }
    },
  }
}

/** What is stored of an update. Its bytes stay what they are: nobody here knows the document. */
export function admitUpdate({ name, data }: Pick<Publish, "name" | "data">, limits: Limits): JsonText {
  if (name !== UPDATE)
    throw new MagpieError("BAD_REQUEST", "a document has updates and no messages", {
      details: { field: "name", allowed: [UPDATE, AWARENESS] },
    })
  const { update } = updateData.check(data, "data")
  const most = limits.documentUpdateBytes
  if (update.length > Math.ceil(most / 3) * 4) {
    throw new MagpieError("TOO_LARGE", `an update has at most ${most} bytes`, { details: { limit: "documentUpdateBytes", value: most } })
  }
  const bytes = decodeBase64(update)
  if (bytes === undefined) throw new MagpieError("BAD_REQUEST", "data.update must be Base64", { details: { field: "data.update" } })
  inspectUpdate(bytes, limits)
  return toJsonText({ update })
}

function refusedUpdate(code: ErrorCode): MagpieError {
  return new MagpieError(code, "this update was refused before")
}
