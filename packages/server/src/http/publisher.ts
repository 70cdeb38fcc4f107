import type { DurableLog } from "@magpie/journal"
import {
  CHANGE_ACTIONS,
  type ChangeAction,
  type ChannelMatch,
  type Clock,
  type Contract,
  type JsonText,
  type Limits,
  MagpieError,
  type Publication,
  toJsonText,
  toMagpieError,
  validateMessage,
} from "@magpie/protocol"
import { receiptOf, type ServerReceipt } from "../core/server-receipt.ts"
import { laterInsteadOfClosed } from "../kinds/leaving-log.ts"
import { type ServerTarget, serverChange } from "../kinds/server-change.ts"
import { anything, type Described, object, optional, text } from "./description.ts"
import { channelName, idempotencyKey, userId } from "./fields.ts"
import { type ApiCaller, requireChannel, requireUser } from "./rights.ts"

/** One message to publish, as it stands in a body. */
export const publishBody = object({
  channel: channelName,
  name: text(64, "The message's name in the contract."),
  data: anything("Its data, as the contract's schema wants it."),
  from: optional(userId("The user in whose name it is published. Default: none.")),
  key: optional(idempotencyKey),
})
export type PublishBody = Described<typeof publishBody>

/** What was published, and what became of it. */
export type Receipt = { readonly channel: string; readonly kind: "stream" | "broadcast" } & Partial<ServerReceipt>

/** A message that may be published as it stands. */
export interface Admitted {
  /** Fails with CONFLICT, EXPIRED, UNAVAILABLE or STORAGE_FENCED. */
  send(): Promise<Receipt>
}

/**
 * Publishes for back ends. What they may is said by their rights: a channel's `authorize` and `accept` are about those who
 * are connected, and are not asked. The contract's schemas are.
 */
export interface Publisher {
  /**
   * Checks rights, schema and size. `key` is unique among this caller's. Fails with FORBIDDEN, BAD_REQUEST, UNKNOWN_CHANNEL or
   * TOO_LARGE; then nothing was published.
   */
  admit(caller: ApiCaller, message: PublishBody, key: string | undefined): Admitted
  /** Changes a message. Fails as `admit` and its `send` do, with UNRECOVERABLE where there is no such message, and with LIMIT_EXCEEDED. */
  change(caller: ApiCaller, change: ChangeBody, key: string | undefined): Promise<Receipt>
}

/** What is to be done to a message, as it stands in a body. */
export interface ChangeBody extends ServerTarget {
  readonly channel: string
  readonly action: string
  readonly data?: unknown
  readonly reaction?: string | undefined
  readonly erase?: boolean | undefined
  readonly from?: string | undefined
}

export interface PublisherOptions {
  readonly contract: Contract
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Pick<DurableLog, "publish" | "change" | "find" | "level">
  readonly broadcast: (publication: Publication) => void
}

const utf8 = new TextEncoder()

export function createPublisher({ contract, clock, limits, log, broadcast }: PublisherOptions): Publisher {
  function write({ kind }: ChannelMatch, { name, data }: PublishBody): JsonText {
    const written = toJsonText(validateMessage(kind, name, data))
    const { messageBytes } = limits
    // UTF-8 takes at most three bytes per UTF-16 unit; the exact count is only needed near the limit.
    if (written.length * 3 > messageBytes && utf8.encode(written).length > messageBytes)
      throw new MagpieError("TOO_LARGE", `data is longer than ${messageBytes} bytes`, { details: { field: "data", limit: "messageBytes" } })
    return written
  }

  async function store(
    caller: ApiCaller,
    message: PublishBody,
    pattern: string,
    data: JsonText,
    key: string | undefined,
  ): Promise<Receipt> {
    const { channel, name, from } = message
    try {
      const outcome = await log.publish({ channel, pattern, name, data, from, key: keyOf(caller, key) })
      return { channel, kind: "stream", ...receiptOf(outcome, log.level) }
    } catch (failure) {
      throw laterInsteadOfClosed(toMagpieError(failure))
    }
  }

  return {
    async change(caller, body, key) {
      const { channel, action, from } = body
      const match = contract.match(channel)
      requireChannel(caller, channel, "change")
      if (from !== undefined) requireUser(caller, from)
      if (!isAction(action)) throw badField("action", `must be one of ${CHANGE_ACTIONS.join(", ")}`)
      if (from === undefined && action.endsWith("react")) throw badField("from", "must name the user who reacts")
      const request = serverChange({ log, limits }, channel, match, body, { ...body, action })
      try {
        const outcome = await log.change({ ...request, from, key: keyOf(caller, key) })
        return { channel, kind: "stream", ...receiptOf(outcome, log.level) }
      } catch (failure) {
        throw laterInsteadOfClosed(toMagpieError(failure))
      }
    },
    admit(caller, message, key) {
      const { channel, name, from } = message
      const match = contract.match(channel)
      requireChannel(caller, channel, "publish")
      if (from !== undefined) requireUser(caller, from)
      const data = write(match, message)
      if (match.kind.kind !== "broadcast") return { send: () => store(caller, message, match.pattern, data, key) }
      if (key !== undefined)
        throw new MagpieError("BAD_REQUEST", `"${channel}" is a broadcast, which is sent at most once: it takes no key`, {
          details: { field: "key" },
        })
      return {
        async send() {
          broadcast({ channel, name, data, at: clock.now(), from })
          return { channel, kind: "broadcast" }
        },
      }
    },
  }
}

/** Each caller has keys of its own. */
function keyOf({ id }: ApiCaller, key: string | undefined): string | undefined {
  return key === undefined ? undefined : `api/${id.length}/${id}/${key}`
}

function isAction(action: string): action is ChangeAction {
  return (CHANGE_ACTIONS as readonly string[]).includes(action)
}

function badField(field: string, why: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `${field} ${why}`, { details: { field } })
}
