import { CHANGE_ACTIONS } from "@magpie/protocol"
import { part } from "../answers.ts"
import { anything, boolean, integer, object, optional, text } from "../description.ts"
import { channelName, idempotencyKey, userId } from "../fields.ts"
import { oneKey } from "../one-key.ts"
import type { Publisher } from "../publisher.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

export const changeBody = object({
  channel: channelName,
  action: text(16, `What to do: ${CHANGE_ACTIONS.join(", ")}.`),
  offset: integer(1, Number.MAX_SAFE_INTEGER, "Where the message stands."),
  mark: optional(text(16, "The message's mark: with it, it can be no other message.")),
  data: optional(anything("The new data of an edit, or what an append adds.")),
  reaction: optional(text(64, "The name of a reaction.")),
  erase: optional(boolean("Deletes earlier versions too.")),
  from: optional(userId("The user in whose name it is done. Default: none; a reaction needs one.")),
  key: optional(idempotencyKey),
})

export function changeRoute(publisher: Publisher): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/change",
    action: "change",
    summary: "Change a message",
    about:
      "Edits, deletes or appends to a message of a stream, whoever published it, or reacts to it, where the contract has that. It answers when the change is durable; with a key it is repeatable as a publish is.",
    body: changeBody,
    idempotent: true,
    answers: { 200: { about: "Changed.", schema: part("Receipt") } },
    errors: ["UNKNOWN_CHANNEL", "TOO_LARGE", "CONFLICT", "EXPIRED", "UNRECOVERABLE", "LIMIT_EXCEEDED", "STORAGE_FENCED"],
    async handle({ caller, body, idempotencyKey: header }) {
      return ok(await publisher.change(caller, body, oneKey(body.key, header)))
    },
  })
}
