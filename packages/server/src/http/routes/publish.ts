import { part } from "../answers.ts"
import { oneKey } from "../one-key.ts"
import { type Publisher, publishBody } from "../publisher.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

export function publishRoute(publisher: Publisher): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/publish",
    action: "publish",
    summary: "Publish a message",
    about:
      "On a stream it answers when the message is durable, and a key makes it repeatable: a request whose answer was lost is sent again with the same key, and is stored once. On a broadcast it answers when the message was passed on.",
    body: publishBody,
    idempotent: true,
    answers: { 200: { about: "Published.", schema: part("Receipt") } },
    errors: ["UNKNOWN_CHANNEL", "TOO_LARGE", "CONFLICT", "EXPIRED", "STORAGE_FENCED"],
    async handle({ caller, body, idempotencyKey }) {
      return ok(await publisher.admit(caller, body, oneKey(body.key, idempotencyKey)).send())
    },
  })
}
