import { type Description, refuseField, text } from "./description.ts"

/** Fields that several routes have. */
const USER = /^\P{C}{1,256}$/u
const KEY = /^[!-~]([ -~]{0,126}[!-~])?$/

export const channelName = text(1_024, "The channel's name.")

/** A user's id, as an authenticator gives it. */
export function userId(about: string): Description<string> {
  return {
    schema: { type: "string", pattern: "^\\P{C}{1,256}$", description: about },
    check: (value, path) => (isUserId(value) ? value : refuseField(path, "a user's id: 1 to 256 characters, none of them a control")),
  }
}

export function isUserId(value: unknown): value is string {
  return typeof value === "string" && USER.test(value)
}

/** Visible ASCII, so that it travels in a header as it is. */
export const idempotencyKey: Description<string> = {
  schema: {
    type: "string",
    minLength: 1,
    maxLength: 128,
    pattern: KEY.source,
    description: "Makes a publish repeatable: the same key and content is stored once, and answered with its first position.",
  },
  check: (value, path) => (typeof value === "string" && KEY.test(value) ? value : refuseField(path, "1 to 128 visible ASCII characters")),
}
