import { MagpieError } from "@magpie/protocol"
import type { Readiness } from "../../core/readiness.ts"
import { refusal } from "../refusal.ts"
import { type OpenRoute, ok } from "../route.ts"

const STATUS = {
  type: "object",
  properties: { status: { type: "string" } },
  required: ["status"],
}
const NOT_READY_RETRY_MS = 1_000

/** Says that the process answers at all: where it does not, it should be replaced. */
export function healthRoute(): OpenRoute {
  return {
    method: "GET",
    path: "/health",
    summary: "Liveness",
    about: "Answers as long as the process runs, whatever else it can do.",
    answers: { 200: { about: "It runs.", schema: STATUS } },
    answer: () => ok({ status: "ok" }),
  }
}

/** Says whether it should be given anything new. */
export function readyRoute(readiness: () => Readiness): OpenRoute {
  return {
    method: "GET",
    path: "/ready",
    summary: "Readiness",
    about:
      "For a load balancer. 503 from the first moment of a drain on, and while the server is overloaded, still opens its log or can store nothing.",
    answers: { 200: { about: "Give it work.", schema: STATUS } },
    answer() {
      const now = readiness()
      if (now === "ready") return ok({ status: now })
      return refusal(new MagpieError("UNAVAILABLE", `not ready: ${now}`, { retryAfterMs: NOT_READY_RETRY_MS, details: { status: now } }))
    },
  }
}
