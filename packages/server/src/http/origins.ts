import { type OriginPolicy, originAllowed } from "../access/origin.ts"
import { type ApiRequest, header } from "./request.ts"

/**
 * What a browser may do with the API from somebody's page [F41]. A request that a page made carries `Origin` or
 * `Sec-Fetch-Site`; one of a foreign page passes only where its origin is on the list. Answers to it may be read by that
 * origin alone, and never with credentials that the browser adds by itself: the API takes none of those.
 */
export interface OriginVerdict {
  readonly allowed: boolean
  readonly headers: Readonly<Record<string, string>>
}

const FOREIGN = new Set(["cross-site", "same-site"])
const VARY = { Vary: "Origin" }

export function judgeOrigin(policy: OriginPolicy, request: Pick<ApiRequest, "headers">): OriginVerdict {
  const origins = request.headers.origin ?? []
  const [origin] = origins
  if (origin === undefined) return { allowed: !FOREIGN.has(header(request, "sec-fetch-site") ?? ""), headers: VARY }
  const allowed = origins.length === 1 && originAllowed(policy, { origin, host: header(request, "host"), cookieOnly: false })
  if (!allowed || policy === "same") return { allowed, headers: VARY }
  return {
    allowed: true,
    headers: {
      ...VARY,
      "Access-Control-Allow-Origin": policy === "any" ? "*" : origin,
      "Access-Control-Expose-Headers": "Retry-After",
    },
  }
}

/** How long a browser may remember what a preflight allowed, in seconds. */
const PREFLIGHT_SECONDS = "600"

export function preflightHeaders(methods: string): Readonly<Record<string, string>> {
  return {
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-Api-Key",
    "Access-Control-Max-Age": PREFLIGHT_SECONDS,
  }
}
