import { type Limits, MagpieError, toMagpieError } from "@magpie/protocol"
import { part } from "../answers.ts"
import { list, object } from "../description.ts"
import { type Admitted, type PublishBody, type Publisher, publishBody } from "../publisher.ts"
import { refusal } from "../refusal.ts"
import type { ApiCaller } from "../rights.ts"
import { type GuardedRoute, guarded } from "../route.ts"

/** Some of a batch were not published. */
const MULTI_STATUS = 207

export function batchRoute(publisher: Publisher, { apiBatch }: Pick<Limits, "apiBatch">): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/publish/batch",
    action: "publish",
    summary: "Publish several messages",
    about:
      "In the order given. Either every message is well formed and allowed, or none is published. Then each has an outcome of its own; where some failed the status is 207. With `Idempotency-Key`, a batch that is sent again stores nothing twice.",
    body: object({ messages: list(publishBody, apiBatch, "What to publish.") }),
    idempotent: true,
    answers: {
      200: { about: "All were published.", schema: RESULTS },
      207: { about: "Some were not: their results say why.", schema: RESULTS },
    },
    errors: ["UNKNOWN_CHANNEL", "TOO_LARGE"],
    weight: ({ messages }) => messages.length,
    async handle({ caller, body: { messages }, idempotencyKey }) {
      const admitted = messages.map((message, index) => admit(publisher, caller, message, index, idempotencyKey))
      const results = await Promise.all(admitted.map(outcomeOf))
      const status = results.some(({ failed }) => failed) ? MULTI_STATUS : 200
      return { status, body: `{"results":[${results.map(({ text }) => text).join(",")}]}` }
    },
  })
}

const RESULTS = {
  type: "object",
  properties: { results: { type: "array", items: part("BatchResult"), description: "One for each message, in their order." } },
  required: ["results"],
}

/** A key of its own stands for one message wherever it stands; the batch's, for the message at this place of it. */
function admit(publisher: Publisher, caller: ApiCaller, message: PublishBody, index: number, batchKey: string | undefined): Admitted {
  const ofBatch = batchKey === undefined ? undefined : `+${index}/${batchKey}`
  try {
    return publisher.admit(caller, message, message.key === undefined ? ofBatch : `=${message.key}`)
  } catch (failure) {
    const { code, reason, details } = toMagpieError(failure)
    throw new MagpieError(code, `messages[${index}]: ${reason}`, { details: { ...details, index }, cause: failure })
  }
}

async function outcomeOf(admitted: Admitted): Promise<{ readonly failed: boolean; readonly text: string }> {
  try {
    return { failed: false, text: JSON.stringify(await admitted.send()) }
  } catch (failure) {
    return { failed: true, text: `{"error":${refusal(toMagpieError(failure)).body}}` }
  }
}
