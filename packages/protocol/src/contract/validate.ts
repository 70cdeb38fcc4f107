import type { StandardSchemaV1 } from "@standard-schema/spec"
import { MagpieError } from "../errors.ts"
import type { CommandKind, CommandSchemas } from "./command-kind.ts"
import type { Kind, MessageSchemas } from "./kinds.ts"
import type { TableKind } from "./table-kind.ts"

/**
 * Checks a message's data against its schema and returns what the schema made of it. Fails with BAD_REQUEST naming the
 * message or the field. Schemas answer at once: one that returns a promise is refused with INVALID_OPTIONS, because a
 * publish that waits for its validation could be overtaken by the next.
 */
export function validateMessage(kind: Kind, name: string, data: unknown): unknown {
  const messages: MessageSchemas = kind.messages
  const schema = Object.hasOwn(messages, name) ? messages[name] : undefined
  if (schema === undefined) {
    throw new MagpieError("BAD_REQUEST", `the channel has no message "${name}"`, {
      details: { field: "name", allowed: Object.keys(messages) },
    })
  }
  return validate(schema, data, "data", name)
}

/** Checks a row's key, as `validateMessage` checks data. */
export function validateKey({ key: schema }: TableKind, key: unknown): string {
  const valid = validate(schema, key, "key", "key")
  if (typeof valid === "string") return valid
  throw new MagpieError("BAD_REQUEST", "key: its schema makes no text of it", { details: { field: "key" } })
}

/** The same for a row's value. */
export function validateValue({ value: schema }: TableKind, value: unknown): unknown {
  return validate(schema, value, "data", "value")
}

/** The schemas of a command. Fails with BAD_REQUEST where the channel has none of that name. */
export function commandOf({ commands }: CommandKind, name: string): CommandSchemas {
  const schemas = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (schemas !== undefined) return schemas
  throw new MagpieError("BAD_REQUEST", `the channel has no command "${name}"`, {
    details: { field: "data.name", allowed: Object.keys(commands) },
  })
}

/** Checks one part of a command, as `validateMessage` checks data. What has no schema is refused. */
export function validatePart(kind: CommandKind, name: string, part: "input" | "output" | "progress", value: unknown): unknown {
  const schema = commandOf(kind, name)[part]
  if (schema === undefined) throw new MagpieError("BAD_REQUEST", `the command "${name}" has no ${part}`, { details: { field: part } })
  return validate(schema, value, part, name)
}

/** Checks what is told with a code of the command's errors; undefined where that is none of its codes. */
export function validateFailure(kind: CommandKind, name: string, code: string, data: unknown): { readonly data: unknown } | undefined {
  const { errors = {} } = commandOf(kind, name)
  const schema = Object.hasOwn(errors, code) ? errors[code] : undefined
  return schema && { data: validate(schema, data, "error.data", name) }
}

/** Checks the argument of a filter, as `validateMessage` checks data. Fails with BAD_REQUEST also where the table has no such filter. */
export function validateFilter({ filters }: TableKind, name: string, argument: unknown): unknown {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined
  if (filter !== undefined) return validate(filter.argument, argument, "filter.argument", name)
  const details = { field: "filter.name", allowed: Object.keys(filters) }
  throw new MagpieError("BAD_REQUEST", `the table has no filter "${name.slice(0, 64)}"`, { details })
}

/** Checks what a member shows of itself, as `validateMessage` checks data. Fails with BAD_REQUEST also where the kind has no presence. */
export function validateState(kind: Kind, state: unknown): unknown {
  if (kind.presence === undefined) throw new MagpieError("BAD_REQUEST", "the channel has no presence", { details: { field: "channel" } })
  return validate(kind.presence, state, "state", "presence")
}

function validate(schema: StandardSchemaV1, value: unknown, field: string, name: string): unknown {
  const result = schema["~standard"].validate(value)
  if (result instanceof Promise) {
    result.catch(() => {}) // it may still reject, and nobody else listens
    throw new MagpieError("INVALID_OPTIONS", `the schema of "${name}" is asynchronous; use one that answers at once`)
  }
  if (result.issues !== undefined) throw refusal(field, result.issues)
  return result.value
}

function refusal(field: string, issues: readonly StandardSchemaV1.Issue[]): MagpieError {
  const named = issues.slice(0, 5).map((issue) => ({ field: fieldOf(field, issue), problem: issue.message.slice(0, 200) }))
  const first = named[0] ?? { field, problem: "refused by its schema" }
  return new MagpieError("BAD_REQUEST", `${first.field}: ${first.problem}`, { details: { field: first.field, issues: named } })
}

function fieldOf(field: string, issue: StandardSchemaV1.Issue): string {
  const keys = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))
  return [field, ...keys].join(".").slice(0, 200)
}
