import type { ChangeRequest, DurableLog, Outcome } from "@magpie/journal"
import { type AckLevel, type ChannelMatch, type ErrorCode, type Limits, MagpieError, type Publish, toMagpieError } from "@magpie/protocol"
import type { Connection } from "../session/connection.ts"
import { BUSY_RETRY_MS, laterInsteadOfClosed } from "./leaving-log.ts"

type Refusal = Exclude<Outcome, { result: "stored" | "duplicate" }>
/** What the log's code means to whoever sent this. */
type Explain = (code: ErrorCode) => MagpieError

/** Answers what was sent to the log, once it is durable; nobody waits for that. */
export interface Settling {
  /** Whether too much waits already. Then the message was answered. */
  isBusy(connection: Connection, message: Publish): boolean
  settle(connection: Connection, message: Publish, outcome: Promise<Outcome>, explain: Explain): void
  /** A final refusal uses up the sequence of a producer that is known here, so that the publishes behind it are in order. */
  refuse(connection: Connection, message: Publish, match: ChannelMatch, error: MagpieError): void
}

export interface SettlingOptions {
  /** Tells with each acknowledgement when it was given. */
  readonly now?: () => number
  /** What an acknowledgement means; where it is left out, that of the log. */
  readonly levelOf?: (channel: string) => AckLevel
}

export function createSettling(
  log: DurableLog,
  limits: Pick<Limits, "pendingPublishes">,
  { now, levelOf = () => log.level }: SettlingOptions = {},
): Settling {
  /** `error`: what refused the message, where its outcome is that of a refusal. */
  function settle(connection: Connection, message: Publish, outcome: Promise<Outcome>, explain: Explain, error?: MagpieError): void {
    connection.pendingPublishes += 1
    void connection.answer(message.id, async () => {
      try {
        reply(connection, message, await outcome, explain, error)
      } catch (failure) {
        throw laterInsteadOfClosed(toMagpieError(failure))
      } finally {
        connection.endPublish()
      }
    })
  }

  function reply(connection: Connection, message: Publish, outcome: Outcome, explain: Explain, error: MagpieError | undefined): void {
    if (outcome.result !== "stored" && outcome.result !== "duplicate") throw refusalOf(outcome, explain, error)
    const { position, result } = outcome
    connection.send({
      type: "published",
      ...(message.id === undefined ? undefined : { id: message.id }),
      position,
      level: levelOf(message.channel),
      ...(now === undefined ? undefined : { at: now() }),
      ...(result === "duplicate" ? { duplicate: true } : undefined),
    })
  }

  return {
    settle,
    isBusy(connection, message) {
      if (connection.pendingPublishes < limits.pendingPublishes) return false
      const details = { limit: "pendingPublishes" }
      const busy = new MagpieError("RATE_LIMITED", "too many publishes wait for the disk", { details, retryAfterMs: BUSY_RETRY_MS })
      connection.slowDown(message.id, busy)
      return true
    },
    refuse(connection, message, match, error) {
      const { channel, sequence, ref } = message
      const producer = connection.open?.producer
      if (sequence === undefined || producer === undefined || error.retryable) return connection.refuse(message.id, error)
      const outcome = log.refuse({ channel, pattern: match.pattern, producer, sequence, code: error.code, ref })
      settle(connection, message, outcome, () => error, error)
    },
  }
}

/** What the log is told of a publish, whatever it does. */
export function sentBy(connection: Connection, message: Publish, match: ChannelMatch): Omit<ChangeRequest, "change"> {
  const { channel, ref, sequence, key } = message
  const from = connection.userId
  const producer = sequence === undefined ? undefined : connection.open?.producer
  return { channel, pattern: match.pattern, from, ref, producer, sequence, key: key === undefined ? undefined : keyOf(from, key) }
}

/** Everybody has keys of their own; the length keeps `a/b` with key `c` apart from `a` with key `b/c`. */
function keyOf(from: string | undefined, key: string): string {
  return from === undefined ? `anonymous/${key}` : `user/${from.length}/${from}/${key}`
}

function refusalOf(outcome: Refusal, explain: Explain, error: MagpieError | undefined): MagpieError {
  switch (outcome.result) {
    case "out-of-order":
      return new MagpieError("OUT_OF_ORDER", `the next sequence is ${outcome.expected}`, { details: { expected: outcome.expected } })
    case "refused":
      return numbered(explain(outcome.code), "used")
    case "unused":
      return numbered(explain(outcome.code), "free")
    case "conflict":
      // A refusal stays what it is, whatever its number stood for before.
      return error ? numbered(error, "used") : new MagpieError("CONFLICT", "this sequence or key stands for another message")
    case "expired":
      return new MagpieError("EXPIRED", "so old that its outcome is no longer remembered")
  }
}

/** Says beside the error what became of the publish's sequence. */
function numbered(error: MagpieError, sequence: "used" | "free"): MagpieError {
  const { code, reason, retryAfterMs, remedy, cause } = error
  return new MagpieError(code, reason, { details: { ...error.details, sequence }, retryAfterMs, remedy, cause })
}
