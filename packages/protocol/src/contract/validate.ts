import type { StandardSchemaV1 } from "@standard-schema/spec"
import { MagpieError } from "../errors.ts"
import type { Kind } from "./kinds.ts"

/**
 * Checks a message's data against its schema and returns what the schema made of it. Fails with BAD_REQUEST naming the
 * message or the field. Schemas answer at once: one that returns a promise is refused with INVALID_OPTIONS, because a
 * publish that waits for its validation could be overtaken by the next.
 */
export function validateMessage(kind: Kind, name: string, data: unknown): unknown {
  const schema = Object.hasOwn(kind.messages, name) ? kind.messages[name] : undefined
  if (schema === undefined) {
    throw new MagpieError("BAD_REQUEST", `the channel has no message "${name}"`, {
      details: { field: "name", allowed: Object.keys(kind.messages) },
    })
  }
  const result = schema["~standard"].validate(data)
  if (result instanceof Promise) {
    result.catch(() => {}) // it may still reject, and nobody else listens
    throw new MagpieError("INVALID_OPTIONS", `the schema of "${name}" is asynchronous; use one that answers at once`)
  }
  if (result.issues !== undefined) throw refusal(result.issues)
  return result.value
}

function refusal(issues: readonly StandardSchemaV1.Issue[]): MagpieError {
  const named = issues.slice(0, 5).map((issue) => ({ field: fieldOf(issue), problem: issue.message.slice(0, 200) }))
  const first = named[0] ?? { field: "data", problem: "refused by its schema" }
  return new MagpieError("BAD_REQUEST", `${first.field}: ${first.problem}`, { details: { field: first.field, issues: named } })
}

function fieldOf(issue: StandardSchemaV1.Issue): string {
  const keys = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))
  return ["data", ...keys].join(".").slice(0, 200)
}
