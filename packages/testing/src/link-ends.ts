import type { Link } from "@magpie/client"
import { type Batch, payloadOf, type Socket } from "@magpie/server/core"
import type { Lane } from "./lane.ts"

/** After so long without an answer a close is over all the same. */
const CLOSE_TIMEOUT_MS = 5_000
const utf8 = new TextDecoder()

/** The answer to a close travels back; an end is the last thing on its lane, so it is asked for first. */
function closeBothWays(mine: Lane, theirs: Lane, code: number, reason: string): void {
  mine.run(() => theirs.end(code, reason))
  mine.end(code, reason)
  theirs.abortAfter(CLOSE_TIMEOUT_MS, code)
}

/** What the client has of a link. */
export function clientLink(up: Lane, down: Lane): Link {
  return {
    get bufferedBytes() {
      return up.heldBytes
    },
    send: (frame) => up.send(frame),
    close: (code, reason) => closeBothWays(up, down, code, reason),
  }
}

/** What the server has of a link. */
export function serverSocket(up: Lane, down: Lane): Socket {
  return {
    get queuedBytes() {
      return down.heldBytes
    },
    send(batches: readonly Batch[]) {
      for (const batch of batches) down.send(batch.text ? utf8.decode(payloadOf(batch)) : payloadOf(batch).slice(), batch.bytes)
    },
    ping: () => down.ping(),
    pause: () => up.pause(true),
    resume: () => up.pause(false),
    close: (code, reason) => closeBothWays(down, up, code, reason),
    terminate() {
      up.abort(1006)
      down.sever(1006)
    },
  }
}
