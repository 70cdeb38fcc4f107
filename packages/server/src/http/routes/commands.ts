import { isFinal, type Limits } from "@magpie/protocol"
import type { ServerCommand } from "../../commands/server-command.ts"
import { part } from "../answers.ts"
import type { Commanding } from "../commanding.ts"
import { anything, integer, object, optional, text } from "../description.ts"
import { channelName, idempotencyKey, userId } from "../fields.ts"
import { oneOf } from "../one-key.ts"
import { type Answer, type GuardedRoute, guarded, ok } from "../route.ts"

const commandId = text(128, "The command's id.")
const PAGE_LENGTH = 100
const MAX_PAGE_LENGTH = 1_000
/** It has not ended. */
const ACCEPTED = 202

const answers = {
  200: { about: "It has ended.", schema: part("Command") },
  202: { about: "It has not ended.", schema: part("Command") },
}

/** Calling, cancelling and reading commands. */
export function commandRoutes(commanding: Commanding, { apiWaitMs }: Pick<Limits, "apiWaitMs">): readonly GuardedRoute[] {
  return [callRoute(commanding, apiWaitMs), cancelRoute(commanding), commandsRoute(commanding)]
}

function callRoute(commanding: Commanding, apiWaitMs: number): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/commands",
    action: "call",
    summary: "Call a command",
    about:
      "On a device, or on the server where that runs the channel's commands. It answers when the ledger has the call, or with `waitMs` when the command has ended, at most so much later: 200 with how it ended, 202 with how it stands. Under one id there is one command: a request whose answer was lost, or that wants to know how it stands, is sent again with the same id, which is what the header `Idempotency-Key` gives as well.",
    body: object({
      channel: channelName,
      name: text(64, "The command's name in the contract."),
      input: anything("Its input, as the contract's schema wants it."),
      id: optional({
        ...idempotencyKey,
        schema: {
          ...idempotencyKey.schema,
          description: "Makes a call repeatable: one id is one command of the channel. Default: drawn at random.",
        },
      }),
      deadlineMs: optional(
        integer(0, Number.MAX_SAFE_INTEGER, "How long it may wait until it is begun, in milliseconds. Default: the contract's."),
      ),
      from: optional(userId("The user in whose name it is called. Default: none.")),
      waitMs: optional(integer(0, apiWaitMs, "How long the answer may wait for its end, in milliseconds. Default: 0.")),
    }),
    idempotent: true,
    answers,
    errors: ["UNKNOWN_CHANNEL", "TOO_LARGE", "CONFLICT", "LIMIT_EXCEEDED", "STORAGE_FENCED"],
    async handle({ caller, body: { id, ...call }, idempotencyKey: header }) {
      return answerOf(call.channel, await commanding.call(caller, call, oneOf("id", id, header)))
    },
  })
}

function cancelRoute(commanding: Commanding): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/commands/cancel",
    action: "cancel-any",
    summary: "Ask that a command end",
    about:
      "Whoever called it. One that was not begun ends as `cancelled`, and 200 says so. Of one that was, whoever runs it decides: 202, `isCancelled` says that it was asked.",
    body: object({ channel: channelName, id: commandId }),
    answers,
    errors: ["UNKNOWN_CHANNEL", "UNRECOVERABLE", "STORAGE_FENCED"],
    async handle({ caller, body: { channel, id } }) {
      return answerOf(channel, await commanding.cancel(caller, channel, id))
    },
  })
}

function commandsRoute(commanding: Commanding): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/commands",
    action: "history",
    summary: "Read how commands stand",
    about:
      "With an id that command; else those that have not ended, in the order of their calls, and whether somebody serves the channel. The whole ledger is the channel's history.",
    query: {
      channel: channelName,
      id: optional(commandId),
      limit: optional(integer(1, MAX_PAGE_LENGTH, `How many at most. Default: ${PAGE_LENGTH}.`)),
    },
    answers: { 200: { about: "The commands.", schema: part("CommandsPage") } },
    errors: ["UNKNOWN_CHANNEL", "UNRECOVERABLE"],
    handle({ caller, query: { channel, id, limit = PAGE_LENGTH } }) {
      const { served, commands } = commanding.open(caller, channel, id === undefined ? limit : 1)
      return ok({ channel, served, commands: id === undefined ? commands : [commanding.get(caller, channel, id)] })
    },
  })
}

function answerOf(channel: string, command: ServerCommand): Answer {
  return { status: isFinal(command.state) ? 200 : ACCEPTED, body: JSON.stringify({ channel, ...command }) }
}
