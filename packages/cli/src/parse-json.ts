import { MagpieError } from "@magpie/protocol"

/** A word of the call that is JSON. Fails with INVALID_OPTIONS; `what` names it. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", `${what} is no JSON: ${text.slice(0, 80)}`, {
      cause,
      remedy: `Write text in quotes, as '{"text":"hello"}' or '"hello"'.`,
    })
  }
}
