import { type AckLevel, encodeBase64, MagpieError, type Published } from "@magpie/protocol"
import { mergeUpdates } from "yjs"
import type { Extension } from "../extension.ts"
import { cutUpdate } from "./cut-update.ts"

/** Edits of this client until the server has stored them. */
export interface Saving {
  /** Edits that a kill of the server or of this client could still lose. */
  readonly pending: number
  /** What an acknowledgement meant last: what a crash must do to lose what is saved. Undefined before the first. */
  readonly level: AckLevel | undefined
  push(edit: Edit): void
  /** There is a link on which the document is followed, and what it takes at most in one update. */
  begin(updateBytes: number): void
  pause(): void
  end(): void
}

export interface Edit {
  readonly update: Uint8Array
  /** The row in which this device keeps it. */
  readonly key: string | undefined
}

export interface SavingOptions {
  /** These are stored. */
  saved(edits: readonly Edit[]): void
  /** The server will not have them, and is asked for nothing more. */
  refused(error: MagpieError): void
}

/** Edits that are joined into one update. */
const MOST_JOINED = 512

/**
 * One update flies at a time, and what is edited meanwhile leaves together as the next: so a client's edits arrive in order,
 * however fast it writes. What may have been stored is sent again as it was: an update counts once, however often it comes.
 */
export function createSaving({ name: channel, ask, schedule }: Extension, { saved, refused }: SavingOptions): Saving {
  const wait = schedule.createWait()
  const edits: Edit[] = []
  /** How many of the first are on their way, as one. */
  let flying: { readonly count: number; readonly update: Uint8Array } | undefined
  let updateBytes: number | undefined
  let level: AckLevel | undefined

  /** What is too large for one update leaves as several, and is saved with the last of them. */
  function cutFirst(most: number): void {
    const [first] = edits
    if (first === undefined || first.update.length <= most) return
    const pieces = cutUpdate(first.update, most)
    edits.splice(0, 1, ...pieces.map((update, index) => ({ update, key: index === pieces.length - 1 ? first.key : undefined })))
  }

  /** As many of the first as fit. */
  function gather(most: number): { readonly count: number; readonly update: Uint8Array } | undefined {
    cutFirst(most)
    const [first] = edits
    if (first === undefined) return undefined
    let count = 0
    let bytes = 0
    for (const { update } of edits) {
      bytes += update.length
      if (count > 0 && (bytes > most || count === MOST_JOINED)) break
      count++
    }
    return { count, update: count === 1 ? first.update : mergeUpdates(edits.slice(0, count).map(({ update }) => update)) }
  }

  function pump(): void {
    if (updateBytes === undefined) return
    // What went without an answer goes again as it was, so that it is known where it arrived.
    flying ??= gather(updateBytes)
    if (flying === undefined) return
    const its = flying
    if (its.update.length > updateBytes) {
      const details = { limit: "documentUpdateBytes", value: updateBytes }
      return refused(new MagpieError("TOO_LARGE", `an edit has at most ${updateBytes} bytes`, { details }))
    }
    const data = { update: encodeBase64(its.update) }
    ask({ type: "publish", channel, name: "$update", data }, "published", (reply) => flying === its && replied(its.count, reply))
  }

  function replied(count: number, reply: Published | MagpieError): void {
    if (updateBytes === undefined) return
    if (!(reply instanceof MagpieError)) {
      wait.failures = 0
      flying = undefined
      level = reply.level
      saved(edits.splice(0, count))
      return pump()
    }
    if (reply.retryable) wait.again(pump, reply.retryAfterMs)
    else refused(reply)
  }

  function pause(): void {
    updateBytes = undefined
    wait.cancel()
  }

  return {
    get pending() {
      return edits.length
    },
    get level() {
      return level
    },
    push(edit) {
      edits.push(edit)
      if (flying === undefined) pump()
    },
    begin(most) {
      updateBytes = most
      wait.failures = 0
      pump()
    },
    pause,
    end() {
      pause()
      edits.length = 0
      flying = undefined
    },
  }
}
