// What packages/protocol says of itself.
import { table } from "./markdown.mjs"

/** @typedef {typeof import("../../packages/protocol/src/index.ts")} Protocol */
/** @typedef {import("./parts.mjs").Part} Part */

/** @type {Readonly<Record<string, Part>>} */
export const PROTOCOL_PARTS = {
  errors: ({ protocol: { ERROR_CODES, ERROR_REMEDIES } }) =>
    table(
      ["code", "may succeed later", "what to do"],
      Object.entries(ERROR_CODES).map(([code, retryable]) => [
        `\`${code}\``,
        retryable ? "yes" : "no",
        ERROR_REMEDIES[/** @type {import("../../packages/protocol/src/index.ts").ErrorCode} */ (code)],
      ]),
    ),
  "close-codes": ({ protocol: { CLOSE_CODES, CLOSE_MEANINGS, reconnectsAfter } }) =>
    table(
      ["code", "name", "client comes back", "meaning"],
      Object.entries(CLOSE_CODES).map(([name, code]) => [
        String(code),
        `\`${name}\``,
        reconnectsAfter(code) ? "yes" : "no",
        CLOSE_MEANINGS[/** @type {import("../../packages/protocol/src/index.ts").CloseName} */ (name)],
      ]),
    ),
  limits: ({ protocol: { LIMITS } }) =>
    table(
      ["limit", "default", "unit", "answer", "what it counts"],
      Object.entries(LIMITS).map(([name, { value, unit, answer, about }]) => [
        `\`${name}\``,
        value.toLocaleString("en"),
        unit,
        `\`${answer}\``,
        about,
      ]),
    ),
}
