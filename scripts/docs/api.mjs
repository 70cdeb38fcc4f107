// What the HTTP API says of itself.
import { table } from "./markdown.mjs"
import { said } from "./zh-tw.mjs"

/** @typedef {import("./parts.mjs").Part} Part */
/** @typedef {{ readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>> }} Description */

const ROUTES = { en: ["", "path", "what it does"], "zh-TW": ["", "路徑", "作用"] }
const STATUSES = { en: ["code", "status", "may succeed later"], "zh-TW": ["代碼", "狀態碼", "之後重試可能成功"] }
const YES_OR_NO = { en: ["yes", "no"], "zh-TW": ["是", "否"] }

/** @type {Readonly<Record<string, Part>>} */
export const API_PARTS = {
  "api-routes": ({ description }, language) =>
    table(
      ROUTES[language],
      Object.entries(description.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { summary }]) => [method.toUpperCase(), `\`${path}\``, said(summary, language)]),
      ),
    ),
  "api-statuses": ({ protocol: { ERROR_CODES }, statuses }, language) => {
    const [yes = "", no = ""] = YES_OR_NO[language]
    return table(
      STATUSES[language],
      Object.entries(ERROR_CODES).map(([code, retryable]) => [`\`${code}\``, String(statuses[code]), retryable ? yes : no]),
    )
  },
}
