import { type Clock, type Limits, type Log, MagpieError, toMagpieError } from "@magpie/protocol"
import type { OriginPolicy } from "../access/origin.ts"
import type { Counters } from "../metrics/counters.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import type { Callers } from "./callers.ts"
import { idempotencyKey } from "./fields.ts"
import { judgeOrigin } from "./origins.ts"
import { createApiRates } from "./rates.ts"
import { bodyProblem, readJson } from "./read-body.ts"
import { readQuery } from "./read-query.ts"
import { refusal } from "./refusal.ts"
import { type ApiRequest, type ApiResponse, splitTarget } from "./request.ts"
import { requireAction } from "./rights.ts"
import type { Answer, GuardedRoute, Route } from "./route.ts"
import { createRouteTable } from "./route-table.ts"

/** Answers one request of the HTTP API. Fails with ABORTED alone, where the other side left before its body was there. */
export type Api = (request: ApiRequest) => Promise<ApiResponse>

export interface ApiContext {
  readonly prefix: string
  readonly routes: readonly Route[]
  readonly callers: Callers
  readonly origins: OriginPolicy
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Log
  readonly counters: Counters
  /** Somebody comes: whoever watches the load looks from now on. */
  readonly wake: () => void
  /** `begun`: whoever keeps a connection open shall look for another one. `finishing`: nothing new is begun. */
  readonly leaving: { readonly begun: boolean; readonly finishing: boolean }
}

const ALWAYS = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
}
const BUSY_RETRY_MS = 250

export function createApi(context: ApiContext): Api {
  const { prefix, routes, origins, log, counters, leaving, wake } = context
  const table = createRouteTable(prefix, routes)
  const enter = createGate(context)

  async function answer(request: ApiRequest): Promise<Answer> {
    const { path, query } = splitTarget(request.target)
    const found = table.find(request.method, path)
    if ("answer" in found) return found.answer
    const { route } = found
    return route.action === undefined ? route.answer() : enter(route, request, query)
  }

  async function answerOrRefuse(request: ApiRequest, fromAllowedOrigin: boolean): Promise<Answer> {
    try {
      if (fromAllowedOrigin) return await answer(request)
      throw new MagpieError("FORBIDDEN", "pages of this origin may not use the API", { details: { header: "origin" } })
    } catch (failure) {
      const error = toMagpieError(failure)
      if (error.code === "ABORTED") throw error
      counters.add("refused", error.code)
      if (error.code === "INTERNAL") log("error", "api-failed", failureFields(error.cause))
      return refusal(error)
    }
  }

  return async (request) => {
    wake()
    const origin = judgeOrigin(origins, request)
    const { status, headers, body } = await answerOrRefuse(request, origin.allowed)
    return {
      status,
      headers: { ...ALWAYS, ...origin.headers, ...headers, ...(leaving.begun ? { Connection: "close" } : undefined) },
      body,
    }
  }
}

/** What stands before every route that needs credentials, the cheapest first. */
function createGate({ callers, clock, limits, counters, leaving }: ApiContext) {
  const rates = createApiRates(clock, limits)
  let open = 0

  async function pass(route: GuardedRoute, request: ApiRequest, query: string): Promise<Answer> {
    const caller = await callers.identify(request)
    rates.countCaller(caller)
    requireAction(caller, route.action)
    const idempotency = keyOf(route, request)
    const checkedQuery = readQuery(query, route.query ?? {})
    const problem = route.body === undefined ? undefined : bodyProblem(request)
    if (problem !== undefined) return refusal(new MagpieError("BAD_REQUEST", problem, { details: { field: "body" } }), { status: 415 })
    const body = route.body?.check(await readJson(request, limits), "")
    rates.chargeCaller(caller, (route.weight?.(body) ?? 1) - 1)
    return route.handle({ caller, query: checkedQuery, body, idempotencyKey: idempotency })
  }

  return async (route: GuardedRoute, request: ApiRequest, query: string): Promise<Answer> => {
    counters.add("api", route.path)
    rates.countAddress(request.address)
    if (leaving.finishing) throw new MagpieError("UNAVAILABLE", "this server is leaving", { retryAfterMs: BUSY_RETRY_MS })
    if (open >= limits.apiRequests) {
      const details = { limit: "apiRequests" }
      throw new MagpieError("UNAVAILABLE", "too many requests are being answered", { retryAfterMs: BUSY_RETRY_MS, details })
    }
    open++
    try {
      return await pass(route, request, query)
    } finally {
      open--
    }
  }
}

/** A header that means nothing here, or came twice, would be believed to be kept: it is refused. */
function keyOf(route: GuardedRoute, request: ApiRequest): string | undefined {
  const values = request.headers["idempotency-key"]
  if (values === undefined) return undefined
  if (!route.idempotent || values.length !== 1)
    throw new MagpieError("BAD_REQUEST", "Idempotency-Key is for publishing, and is given once", { details: { field: "Idempotency-Key" } })
  return idempotencyKey.check(values[0], "Idempotency-Key")
}
